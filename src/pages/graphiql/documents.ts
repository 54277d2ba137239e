/** What a tab contains. */
export interface Document {
  readonly query: string;
  readonly variables?: Readonly<Record<string, unknown>>;
}

export type DocumentName = 'Access' | 'Messages' | 'JoinRoom' | 'Relay' | 'Broadcast' | 'LeaveRoom';

/** The documents of the walk, in its order. Each is named for its operation, as GraphiQL names the tab. */
export function documents(roomId: string): Readonly<Record<DocumentName, Document>> {
  return {
    Access: {
      query: `# A token for a guest. This page
# keeps it and sends it from
# every tab.

mutation Access(
  $username: String! = "Ada"
) {
  access(username: $username) {
    token
    expiresAt
    peer { id username guest }
  }
}
`,
    },
    Messages: {
      query: `# The peer's stream. It stays open
# while you look at other tabs. All
# its messages are listed below.

subscription Messages {
  messages {
    __typename
    cursor
    ... on Connected {
      resumed
      peer { id username }
      rooms { id }
    }
    ... on PeerAdded {
      roomId
      offer
      peer { id username }
      state
    }
    ... on PeerChanged {
      roomId
      peer { id username }
      state
    }
    ... on PeerRemoved {
      roomId
      reason
      peer { id username }
    }
    ... on Signal {
      roomId
      event
      data
      peer { id username }
    }
  }
}
`,
    },
    JoinRoom: {
      query: `# The others see your state:
# for example a colour.

mutation JoinRoom(
  $roomId: ID!
  $state: JSON
) {
  joinRoom(
    roomId: $roomId
    state: $state
  ) {
    id
    members {
      peer { id username }
      state
    }
  }
}
`,
      variables: { roomId, state: { colour: 'green' } },
    },
    Relay: {
      query: `# Sends to one peer. The walk fills
# in its id. You choose event and
# data. In a call, that is an offer,
# an answer or a candidate.

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
      variables: {
        roomId,
        peerId: '<the other peer’s id>',
        event: 'offer',
        data: { type: 'offer', sdp: 'v=0' },
      },
    },
    Broadcast: {
      query: `# Sends to all other members.

mutation Broadcast(
  $roomId: ID!
  $data: JSON
) {
  broadcast(
    roomId: $roomId
    event: "chat"
    data: $data
  ) {
    cursor
    status
  }
}
`,
      variables: { roomId, data: { text: 'Hello, everyone' } },
    },
    LeaveRoom: {
      query: `# The others are told at once. They
# are not told of a lost connection:
# the session waits GRACE_SECONDS.

mutation LeaveRoom($roomId: ID!) {
  leaveRoom(roomId: $roomId)
}
`,
      variables: { roomId },
    },
  };
}
