interface Tab {
  readonly query: string;
  readonly variables?: string;
  readonly headers?: string;
}

function variables(values: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(values, null, 2);
}

/** What the Headers pane holds until a token is pasted into it. */
const headers = JSON.stringify({ Authorization: 'Bearer TOKEN' }, null, 2);

/** The tabs that GraphiQL opens with: a walk through the API, for one person who plays two peers. */
export const walk: Tab[] = [
  {
    // Without variables: GraphiQL does not show those of the tab that it opens with.
    query: `# 1 of 5: a token
#
# Run this (the pink button, or Ctrl-Enter), and
# copy the token from the answer. In each tab
# that follows, put it in the place of TOKEN,
# in the pane "Headers" below the query.
#
# The second peer: open this page in a private
# window, which does not share what is in your
# panes, and walk through it there as well, with
# another username and a token of its own.

mutation Access {
  access(username: "ada") {
    token
    expiresAt
    peer {
      id
      username
    }
  }
}
`,
    headers: '',
  },
  {
    query: `# 2 of 5: your messages
#
# Put your token in the pane "Headers", and run
# this. It goes on running: Connected comes at
# once, and then everything that is meant for you.
#
# GraphiQL ends it when you change to another of
# these tabs. So leave this one as it is, and open
# the page again, in a window beside it, for the
# tabs 3 to 5.

subscription Messages {
  messages {
    __typename
    id
    sentAt
    ... on Connected {
      resumed
      peer {
        id
        username
      }
      rooms {
        id
      }
    }
    ... on PeerAdded {
      roomId
      offer
      peer {
        id
        username
        state
      }
    }
    ... on PeerChanged {
      roomId
      peer {
        id
        username
        state
      }
    }
    ... on PeerRemoved {
      roomId
      reason
      peer {
        id
        username
      }
    }
    ... on Signal {
      roomId
      event
      data
      peer {
        id
        username
      }
    }
  }
}
`,
    headers,
  },
  {
    query: `# 3 of 5: a room
#
# Put your token in the pane "Headers", and run
# this while your messages run in another window.
# Then let the second peer join the room: both
# get PeerAdded. Exactly one of the two has
# "offer": true, and is the one to begin.

mutation JoinRoom($roomId: ID!, $state: JSON) {
  joinRoom(roomId: $roomId, state: $state) {
    id
    peers {
      id
      username
      state
    }
  }
}
`,
    variables: variables({ roomId: 'lobby', state: { colour: 'green' } }),
    headers,
  },
  {
    query: `# 4 of 5: a message to one peer
#
# Put your token in the pane "Headers", and the
# other peer's id, from PeerAdded or JoinRoom, in
# the pane "Variables". Run this, and the other
# peer gets a Signal. What \`event\` and \`data\`
# are is between the two of you: an offer, an
# answer, a candidate.

mutation Relay(
  $roomId: ID!
  $peerId: ID!
  $event: String!
  $data: JSON
) {
  relay(
    roomId: $roomId
    peerId: $peerId
    event: $event
    data: $data
  ) {
    id
    status
  }
}
`,
    variables: variables({
      roomId: 'lobby',
      peerId: "<the other peer's id>",
      event: 'offer',
      data: { type: 'offer', sdp: 'v=0' },
    }),
    headers,
  },
  {
    query: `# 5 of 5: a message to all, and goodbye
#
# Put your token in the pane "Headers". The
# button asks which of the two to run: at
# Broadcast everyone else in the room gets a
# Signal, at LeaveRoom PeerRemoved.

mutation Broadcast($roomId: ID!) {
  broadcast(
    roomId: $roomId
    event: "chat"
    data: { text: "Hello, everyone" }
  ) {
    id
    status
  }
}

mutation LeaveRoom($roomId: ID!) {
  leaveRoom(roomId: $roomId)
}
`,
    variables: variables({ roomId: 'lobby' }),
    headers,
  },
];
