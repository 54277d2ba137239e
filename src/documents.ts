import type * as generated from './generated/operations.ts';

/**
 * The documents that clients send, with the types of their variables and results. This file needs no other package, and
 * runs in browsers too.
 */

declare const types: unique symbol;

/** The text of a GraphQL document that knows the types of its result and its variables. */
export type TypedDocument<Result, Variables> = string & {
  readonly [types]?: { readonly result: Result; readonly variables: Variables };
};

/** The `data` of an answer to this document. */
export type ResultOf<Document> = Document extends TypedDocument<infer Result, unknown> ? Result : never;

/** The variables that this document takes. */
export type VariablesOf<Document> =
  Document extends TypedDocument<unknown, infer Variables> ? Variables : never;

/** Any message of the subscription. Its `__typename` tells which. */
export type Message = generated.MessagesSubscription['messages'];

/**
 * The only subscription of a page, with every type of message. A second one would end the first, so let all parts of the
 * page share this one. The browser client sends it too.
 */
export const MESSAGES: TypedDocument<
  generated.MessagesSubscription,
  generated.MessagesSubscriptionVariables
> = /* GraphQL */ `
subscription Messages($after: ID, $join: [JoinInput!], $heartbeat: Int) {
  messages(after: $after, join: $join, heartbeat: $heartbeat) {
    __typename
    cursor
    sentAt
    ... on Connected { resumed peer { id username guest } rooms { id members { peer { id username guest } state } } }
    ... on PeerAdded { roomId peer { id username guest } state offer }
    ... on PeerChanged { roomId peer { id username guest } state }
    ... on PeerRemoved { roomId peer { id username guest } state reason }
    ... on Signal { roomId peer { id username guest } event data }
  }
}`;

/** A guest's token. */
export const ACCESS: TypedDocument<generated.AccessMutation, generated.AccessMutationVariables> =
  /* GraphQL */ `
mutation Access($username: String!, $space: String) {
  access(username: $username, space: $space) { token expiresAt peer { id username guest } }
}`;

/** A guest's next token, for the same peer. */
export const RENEW: TypedDocument<generated.RenewMutation, generated.RenewMutationVariables> = /* GraphQL */ `
mutation Renew {
  renew { token expiresAt peer { id username guest } }
}`;

export const JOIN_ROOM: TypedDocument<generated.JoinRoomMutation, generated.JoinRoomMutationVariables> =
  /* GraphQL */ `
mutation JoinRoom($roomId: ID!, $state: JSON) {
  joinRoom(roomId: $roomId, state: $state) { id members { peer { id username guest } state } }
}`;

export const LEAVE_ROOM: TypedDocument<generated.LeaveRoomMutation, generated.LeaveRoomMutationVariables> =
  /* GraphQL */ `
mutation LeaveRoom($roomId: ID!) {
  leaveRoom(roomId: $roomId)
}`;

/** The messages of `messages` as a list, for networks that hold streams back. */
export const RECEIVE: TypedDocument<generated.ReceiveMutation, generated.ReceiveMutationVariables> =
  /* GraphQL */ `
mutation Receive($after: ID, $join: [JoinInput!], $wait: Int) {
  receive(after: $after, join: $join, wait: $wait) {
    __typename
    cursor
    sentAt
    ... on Connected { resumed peer { id username guest } rooms { id members { peer { id username guest } state } } }
    ... on PeerAdded { roomId peer { id username guest } state offer }
    ... on PeerChanged { roomId peer { id username guest } state }
    ... on PeerRemoved { roomId peer { id username guest } state reason }
    ... on Signal { roomId peer { id username guest } event data }
  }
}`;

/** Sends to one peer in a room. With a `key`, the document may be sent again if no answer came. */
export const RELAY: TypedDocument<generated.RelayMutation, generated.RelayMutationVariables> = /* GraphQL */ `
mutation Relay($roomId: ID!, $peerId: ID!, $event: String!, $data: JSON, $key: ID) {
  relay(roomId: $roomId, peerId: $peerId, event: $event, data: $data, key: $key) { cursor status }
}`;

/** Sends to all others in a room. With a `key`, the document may be sent again if no answer came. */
export const BROADCAST: TypedDocument<generated.BroadcastMutation, generated.BroadcastMutationVariables> =
  /* GraphQL */ `
mutation Broadcast($roomId: ID!, $event: String!, $data: JSON, $key: ID) {
  broadcast(roomId: $roomId, event: $event, data: $data, key: $key) { cursor status }
}`;

/** The caller's state in a room. */
export const SET_STATE: TypedDocument<generated.SetStateMutation, generated.SetStateMutationVariables> =
  /* GraphQL */ `
mutation SetState($roomId: ID!, $state: JSON) {
  setState(roomId: $roomId, state: $state) { peer { id username guest } state }
}`;

/** Puts a peer out of a room. Needs the right `moderate`. */
export const REMOVE_PEER: TypedDocument<generated.RemovePeerMutation, generated.RemovePeerMutationVariables> =
  /* GraphQL */ `
mutation RemovePeer($roomId: ID!, $peerId: ID!) {
  removePeer(roomId: $roomId, peerId: $peerId)
}`;

/** Puts all members out of a room. Needs the right `moderate`. */
export const CLOSE_ROOM: TypedDocument<generated.CloseRoomMutation, generated.CloseRoomMutationVariables> =
  /* GraphQL */ `
mutation CloseRoom($roomId: ID!) {
  closeRoom(roomId: $roomId)
}`;

export const ME: TypedDocument<generated.MeQuery, generated.MeQueryVariables> = /* GraphQL */ `
query Me {
  me { id username guest }
}`;

/** Null unless the caller is in the room. */
export const ROOM: TypedDocument<generated.RoomQuery, generated.RoomQueryVariables> = /* GraphQL */ `
query Room($roomId: ID!) {
  room(roomId: $roomId) { id members { peer { id username guest } state } }
}`;

/** The caller's rooms. */
export const ROOMS: TypedDocument<generated.RoomsQuery, generated.RoomsQueryVariables> = /* GraphQL */ `
query Rooms {
  rooms { id members { peer { id username guest } state } }
}`;

/** The STUN and TURN servers for WebRTC. */
export const ICE_SERVERS: TypedDocument<generated.IceServersQuery, generated.IceServersQueryVariables> =
  /* GraphQL */ `
query IceServers {
  iceServers { urls username credential expiresAt }
}`;
