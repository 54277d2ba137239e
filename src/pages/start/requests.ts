/** The GraphQL that the buttons send. */

export const access = `mutation ($username: String!) {
  access(username: $username) {
    token expiresAt
    peer { id username }
  }
}`;

export const messages = `subscription ($after: ID) {
  messages(after: $after) {
    __typename cursor
    ... on Connected { resumed rooms { id } }
    ... on PeerAdded { roomId peer { id username } offer }
    ... on PeerRemoved { roomId peer { id username } reason }
    ... on Signal { roomId peer { id username } event data }
  }
}`;

export const joinRoom = `mutation ($roomId: ID!) {
  joinRoom(roomId: $roomId) {
    id
    members { peer { username } }
  }
}`;

export const relay = `mutation ($roomId: ID!, $peerId: ID!,
    $event: String!, $data: JSON) {
  relay(roomId: $roomId, peerId: $peerId,
      event: $event, data: $data) { cursor status }
}`;

export const leaveRoom = `mutation ($roomId: ID!) {
  leaveRoom(roomId: $roomId)
}`;
