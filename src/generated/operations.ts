/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
/** A room to enter, and your state in it. */
export type JoinInput = {
  /** The room's id: 1 to 128 printable characters that you choose. */
  readonly roomId: string;
  /** Your state in this room, which the other members see. If you are in the room already, your state there stays as it is. */
  readonly state?: unknown;
};

/** Whether a receiver was connected when the server accepted the message. */
export type ReceiptStatus =
  /** At least one receiver was connected, or there was no receiver at all. */
  | 'DELIVERED'
  /**
   * There were receivers, and none of them was connected. Each gets the message if it reconnects within its grace
   * period.
   */
  | 'QUEUED';

/** Why a peer is no longer in a room. */
export type RemovalReason =
  /** A moderator called `closeRoom`. Each member gets this about itself. */
  | 'CLOSED'
  /** The peer's stream closed, and the peer did not open another within the grace period. */
  | 'DISCONNECTED'
  /** A moderator called `removePeer`, or the peer's new token does not allow it to be in the room any more. */
  | 'KICKED'
  /** The peer called `leaveRoom`. */
  | 'LEFT'
  /** The peer began a new session, for example because its page was reloaded. A new session is in no room yet. */
  | 'REPLACED';

export type MessagesSubscriptionVariables = Exact<{
  after?: string | null | undefined;
  join?: ReadonlyArray<JoinInput> | JoinInput | null | undefined;
  heartbeat?: number | null | undefined;
}>;


export type MessagesSubscription = { readonly messages:
    | { readonly __typename: 'Connected', readonly resumed: boolean, readonly cursor: string, readonly sentAt: string, readonly peer: { readonly id: string, readonly username: string, readonly guest: boolean }, readonly rooms: ReadonlyArray<{ readonly id: string, readonly members: ReadonlyArray<{ readonly state: unknown, readonly peer: { readonly id: string, readonly username: string, readonly guest: boolean } }> }> }
    | { readonly __typename: 'Heartbeat', readonly cursor: string, readonly sentAt: string }
    | { readonly __typename: 'PeerAdded', readonly roomId: string, readonly state: unknown, readonly offer: boolean, readonly cursor: string, readonly sentAt: string, readonly peer: { readonly id: string, readonly username: string, readonly guest: boolean } }
    | { readonly __typename: 'PeerChanged', readonly roomId: string, readonly state: unknown, readonly cursor: string, readonly sentAt: string, readonly peer: { readonly id: string, readonly username: string, readonly guest: boolean } }
    | { readonly __typename: 'PeerRemoved', readonly roomId: string, readonly state: unknown, readonly reason: RemovalReason, readonly cursor: string, readonly sentAt: string, readonly peer: { readonly id: string, readonly username: string, readonly guest: boolean } }
    | { readonly __typename: 'Signal', readonly roomId: string, readonly event: string, readonly data: unknown, readonly cursor: string, readonly sentAt: string, readonly peer: { readonly id: string, readonly username: string, readonly guest: boolean } }
   };

export type AccessMutationVariables = Exact<{
  username: string;
  space?: string | null | undefined;
}>;


export type AccessMutation = { readonly access: { readonly token: string, readonly expiresAt: string, readonly peer: { readonly id: string, readonly username: string, readonly guest: boolean } } };

export type RenewMutationVariables = Exact<{ [key: string]: never; }>;


export type RenewMutation = { readonly renew: { readonly token: string, readonly expiresAt: string, readonly peer: { readonly id: string, readonly username: string, readonly guest: boolean } } };

export type JoinRoomMutationVariables = Exact<{
  roomId: string;
  state?: unknown;
}>;


export type JoinRoomMutation = { readonly joinRoom: { readonly id: string, readonly members: ReadonlyArray<{ readonly state: unknown, readonly peer: { readonly id: string, readonly username: string, readonly guest: boolean } }> } };

export type LeaveRoomMutationVariables = Exact<{
  roomId: string;
}>;


export type LeaveRoomMutation = { readonly leaveRoom: boolean };

export type ReceiveMutationVariables = Exact<{
  after?: string | null | undefined;
  join?: ReadonlyArray<JoinInput> | JoinInput | null | undefined;
  wait?: number | null | undefined;
}>;


export type ReceiveMutation = { readonly receive: ReadonlyArray<
    | { readonly __typename: 'Connected', readonly resumed: boolean, readonly cursor: string, readonly sentAt: string, readonly peer: { readonly id: string, readonly username: string, readonly guest: boolean }, readonly rooms: ReadonlyArray<{ readonly id: string, readonly members: ReadonlyArray<{ readonly state: unknown, readonly peer: { readonly id: string, readonly username: string, readonly guest: boolean } }> }> }
    | { readonly __typename: 'Heartbeat', readonly cursor: string, readonly sentAt: string }
    | { readonly __typename: 'PeerAdded', readonly roomId: string, readonly state: unknown, readonly offer: boolean, readonly cursor: string, readonly sentAt: string, readonly peer: { readonly id: string, readonly username: string, readonly guest: boolean } }
    | { readonly __typename: 'PeerChanged', readonly roomId: string, readonly state: unknown, readonly cursor: string, readonly sentAt: string, readonly peer: { readonly id: string, readonly username: string, readonly guest: boolean } }
    | { readonly __typename: 'PeerRemoved', readonly roomId: string, readonly state: unknown, readonly reason: RemovalReason, readonly cursor: string, readonly sentAt: string, readonly peer: { readonly id: string, readonly username: string, readonly guest: boolean } }
    | { readonly __typename: 'Signal', readonly roomId: string, readonly event: string, readonly data: unknown, readonly cursor: string, readonly sentAt: string, readonly peer: { readonly id: string, readonly username: string, readonly guest: boolean } }
  > };

export type RelayMutationVariables = Exact<{
  roomId: string;
  peerId: string;
  event: string;
  data?: unknown;
  key?: string | null | undefined;
}>;


export type RelayMutation = { readonly relay: { readonly cursor: string, readonly status: ReceiptStatus } };

export type BroadcastMutationVariables = Exact<{
  roomId: string;
  event: string;
  data?: unknown;
  key?: string | null | undefined;
}>;


export type BroadcastMutation = { readonly broadcast: { readonly cursor: string, readonly status: ReceiptStatus } };

export type SetStateMutationVariables = Exact<{
  roomId: string;
  state?: unknown;
}>;


export type SetStateMutation = { readonly setState: { readonly state: unknown, readonly peer: { readonly id: string, readonly username: string, readonly guest: boolean } } };

export type RemovePeerMutationVariables = Exact<{
  roomId: string;
  peerId: string;
}>;


export type RemovePeerMutation = { readonly removePeer: boolean };

export type CloseRoomMutationVariables = Exact<{
  roomId: string;
}>;


export type CloseRoomMutation = { readonly closeRoom: boolean };

export type MeQueryVariables = Exact<{ [key: string]: never; }>;


export type MeQuery = { readonly me: { readonly id: string, readonly username: string, readonly guest: boolean } };

export type RoomQueryVariables = Exact<{
  roomId: string;
}>;


export type RoomQuery = { readonly room: { readonly id: string, readonly members: ReadonlyArray<{ readonly state: unknown, readonly peer: { readonly id: string, readonly username: string, readonly guest: boolean } }> } | null };

export type RoomsQueryVariables = Exact<{ [key: string]: never; }>;


export type RoomsQuery = { readonly rooms: ReadonlyArray<{ readonly id: string, readonly members: ReadonlyArray<{ readonly state: unknown, readonly peer: { readonly id: string, readonly username: string, readonly guest: boolean } }> }> };

export type IceServersQueryVariables = Exact<{ [key: string]: never; }>;


export type IceServersQuery = { readonly iceServers: ReadonlyArray<{ readonly urls: ReadonlyArray<string>, readonly username: string | null, readonly credential: string | null, readonly expiresAt: string | null }> };
