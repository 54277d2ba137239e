interface Tab {
  readonly query: string;
  readonly variables?: string;
  readonly headers?: string;
}

function variables(values: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(values, null, 2);
}

/** The content of the pane "Headers". The user replaces TOKEN. */
const headers = JSON.stringify({ Authorization: 'Bearer TOKEN' }, null, 2);

/** The tabs that GraphiQL opens with: a tour of the API, for one person who plays two peers. */
export const graphiqlTabs: Tab[] = [
  {
    // No variables: GraphiQL does not show those of its first tab.
    query: `# Tab 1 of 5: get a token
#
# 1. Press the pink button, or Ctrl-Enter.
# 2. Copy the token from the answer.
# 3. Go to tab 2.
#
# The tour needs a second peer:
#
# 4. Open this page in a private window.
#    It does not share your tabs and headers.
# 5. Follow the tour there too,
#    with another username and its own token.

mutation Access {
  access(username: "ada") {
    token
    expiresAt
    peer {
      id
      username
      guest
    }
  }
}
`,
    headers: '',
  },
  {
    query: `# Tab 2 of 5: receive your messages
#
# 1. Find the pane "Headers" below the query.
# 2. Replace TOKEN with your token.
# 3. Press the pink button.
# 4. Wait for the message Connected.
# 5. Leave this tab open: the subscription ends
#    if you go to another tab.
# 6. Open this page in a second window.
# 7. Go to tab 3 there.

subscription Messages {
  messages {
    __typename
    cursor
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
      }
      state
    }
    ... on PeerChanged {
      roomId
      peer {
        id
        username
      }
      state
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
    query: `# Tab 3 of 5: join a room
#
# 1. Replace TOKEN in the pane "Headers".
# 2. Press the pink button.
# 3. Let the second peer join the room too.
# 4. Look at the messages of both peers:
#    each has a PeerAdded.
#
# Exactly one of the two has "offer": true.
# That peer sends the offer; the other waits.

mutation JoinRoom($roomId: ID!, $state: JSON) {
  joinRoom(roomId: $roomId, state: $state) {
    id
    members {
      peer {
        id
        username
      }
      state
    }
  }
}
`,
    variables: variables({ roomId: 'lobby', state: { colour: 'green' } }),
    headers,
  },
  {
    query: `# Tab 4 of 5: send a message to one peer
#
# 1. Replace TOKEN in the pane "Headers".
# 2. Copy the other peer's id from your PeerAdded.
# 3. Paste it as "peerId" in the pane "Variables".
# 4. Press the pink button.
# 5. Look at the other peer's messages:
#    it has a Signal.
#
# You choose the values of event and data.
# For a call they are an offer, an answer
# or a candidate.

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
    cursor
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
    query: `# Tab 5 of 5: send a message to all, and leave
#
# 1. Replace TOKEN in the pane "Headers".
# 2. Press the pink button, and choose Broadcast.
# 3. Look at the other peer's messages:
#    it has a Signal.
# 4. Press the pink button, and choose LeaveRoom.
# 5. Look at the other peer's messages:
#    it has a PeerRemoved.

mutation Broadcast($roomId: ID!) {
  broadcast(
    roomId: $roomId
    event: "chat"
    data: { text: "Hello, everyone" }
  ) {
    cursor
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
