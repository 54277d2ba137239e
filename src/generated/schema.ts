import type { JsonText } from '../json-text.ts';
import type { GraphQLScalarType, GraphQLScalarTypeConfig } from 'graphql';
import type { FieldInfo as GraphQLResolveInfo } from '../graphql/context.ts';
import type { Peer as PeerModel, Member as MemberModel, Room as RoomModel, Message as MessageModel, Connected as ConnectedModel, PeerAdded as PeerAddedModel, PeerChanged as PeerChangedModel, PeerRemoved as PeerRemovedModel, Signal as SignalModel, Heartbeat as HeartbeatModel } from '../hub/hub.ts';
import type { Context } from '../graphql/context.ts';
export type Maybe<T> = T | null;
export type InputMaybe<T> = Maybe<T>;
export type Omit<T, K extends keyof T> = Pick<T, Exclude<keyof T, K>>;
export type RequireFields<T, K extends keyof T> = Omit<T, K> & { [P in K]-?: NonNullable<T[P]> };
/** All built-in and custom scalars, mapped to their actual values */
export type Scalars = {
  ID: { input: string; output: string; }
  String: { input: string; output: string; }
  Boolean: { input: boolean; output: boolean; }
  Int: { input: number; output: number; }
  Float: { input: number; output: number; }
  /** A moment, as an RFC 3339 string in UTC: `2026-11-24T09:30:00.000Z`. */
  DateTime: { input: Date; output: Date; }
  /**
   * Any JSON value: object, array, string, number, boolean or null. The server passes on
   * its JSON text: no number is rounded, no key moves, and duplicate keys stay. Only white space between tokens is
   * dropped. There are three limits: the size (`MAX_DATA_BYTES`, 64 KiB by default), the depth (128 levels), and the keys
   * (the key `__proto__` is refused, because it could harm a receiver that merges the value into an object).
   */
  JSON: { input: JsonText; output: JsonText; }
};

/** A guest's token, and the peer that it belongs to. */
export type Access = {
  readonly __typename?: 'Access';
  /**
   * When the token expires. An open `messages` stream then ends with `TOKEN_EXPIRED`. `renew` gives the peer's next
   * token until then. After that, `access` gives one of a new peer.
   */
  readonly expiresAt: Scalars['DateTime']['output'];
  /** The peer that the token belongs to. */
  readonly peer: Peer;
  /**
   * A JWT. Send it as `Authorization: Bearer <token>`. An EventSource cannot set a header: it sends
   * `?access_token=<token>`.
   */
  readonly token: Scalars['String']['output'];
};

/**
 * The first message of every stream. If `resumed` is false, the session is new and you are in no room: join your
 * rooms now, unless `messages(join:)` named them.
 */
export type Connected = Message & {
  readonly __typename?: 'Connected';
  /** The cursor from which the stream starts. If `resumed` is true, it is the cursor that you passed. */
  readonly cursor: Scalars['ID']['output'];
  /** You: the peer that owns the stream. */
  readonly peer: Peer;
  /**
   * True if your session goes on: every message after the cursor follows. False if a new session begins, because
   * you passed no cursor, or because the session is over, or because messages after the cursor are lost.
   */
  readonly resumed: Scalars['Boolean']['output'];
  /** The rooms that you are in. In a new session, those of `messages(join:)`. */
  readonly rooms: ReadonlyArray<Room>;
  /** The time that the cursor stands for: in a new session its beginning, otherwise the time of your last message. */
  readonly sentAt: Scalars['DateTime']['output'];
};

/** Shows that the stream is alive. Sent only if `messages(heartbeat:)` asks for it. */
export type Heartbeat = Message & {
  readonly __typename?: 'Heartbeat';
  /** The cursor of the last message before this one. */
  readonly cursor: Scalars['ID']['output'];
  /** The time at which the heartbeat was sent. */
  readonly sentAt: Scalars['DateTime']['output'];
};

/** A STUN or TURN server. Leave out fields that are null, because a browser refuses them. */
export type IceServer = {
  readonly __typename?: 'IceServer';
  /** The password for a TURN server. */
  readonly credential: Maybe<Scalars['String']['output']>;
  /** When the credential expires. Null if it does not expire. For a connection or an ICE restart after that time, ask again. */
  readonly expiresAt: Maybe<Scalars['DateTime']['output']>;
  /** The server's URLs, such as `stun:stun.example.org:3478`. */
  readonly urls: ReadonlyArray<Scalars['String']['output']>;
  /** The user name for a TURN server. */
  readonly username: Maybe<Scalars['String']['output']>;
};

/** A room to enter, and your state in it. */
export type JoinInput = {
  /** The room's id: 1 to 128 printable characters that you choose. */
  readonly roomId: Scalars['ID']['input'];
  /** Your state in this room, which the other members see. If you are in the room already, your state there stays as it is. */
  readonly state?: InputMaybe<Scalars['JSON']['input']>;
};

/**
 * A peer in one room. A member has no id: a peer may have another state in each of its rooms, and a client's
 * cache must not merge them.
 */
export type Member = {
  readonly __typename?: 'Member';
  /** The peer. */
  readonly peer: Peer;
  /** The peer's state in this room, as last given to `joinRoom` or `setState`. */
  readonly state: Maybe<Scalars['JSON']['output']>;
};

/** One message on a peer's `messages` stream. */
export type Message = {
  /**
   * The place of this message in the peer's order of messages: a decimal number, as a string. On a stream,
   * cursors strictly increase; only a `Heartbeat` repeats the last one. To resume, pass the last cursor you
   * received: `messages(after: <cursor>)`.
   */
  readonly cursor: Scalars['ID']['output'];
  /** The time at which the server accepted the message. */
  readonly sentAt: Scalars['DateTime']['output'];
};

/**
 * The fields that change rooms, send messages or fetch them. All but `access` need a token. All but `access`, `renew`,
 * `receive`, `removePeer` and `closeRoom` need a session: open `messages` first. A token with the right `moderate` for a
 * room needs none for `relay` and `broadcast` either.
 *
 * Besides the errors named at a field, each can fail with `BAD_USER_INPUT` if an argument is not valid,
 * `UNAUTHENTICATED` if the token is missing or not valid, `FORBIDDEN` if the token does not allow it in this room, and
 * `UNAVAILABLE` if the server cannot serve it now.
 */
export type Mutation = {
  readonly __typename?: 'Mutation';
  /**
   * Gives a guest a token. Each call makes a new peer: for the next token of the same peer, call `renew`. This is the
   * only field that needs no token.
   *
   * Errors: `FORBIDDEN` if the server admits no guests.
   */
  readonly access: Access;
  /**
   * Sends a message to all other members of a room. It arrives on their streams as a `Signal`. All members see the
   * room's broadcasts in the same order. Needs the right `send`. With the right `moderate`, you need not be in the room.
   *
   * Errors: `NOT_CONNECTED`, `NOT_IN_ROOM`, `PAYLOAD_TOO_LARGE`.
   */
  readonly broadcast: Receipt;
  /**
   * Puts all members out of a room. Each of them gets one `PeerRemoved(reason: CLOSED)`, about itself. They may join again,
   * if their tokens allow it. Returns true, or false if nobody was in the room. Needs the right `moderate`. You need not be
   * in the room, and need no session.
   *
   * Errors: `FORBIDDEN`.
   */
  readonly closeRoom: Scalars['Boolean']['output'];
  /**
   * Joins a room. The first peer to join creates it. Each member gets `PeerAdded(offer: false)` for you, and you
   * get `PeerAdded(offer: true)` for each member. If you are already in the room, nothing changes: your state
   * stays as it is, and nobody is told.
   *
   * Errors: `NOT_CONNECTED`, `ROOM_FULL`, `TOO_MANY_ROOMS`, `PAYLOAD_TOO_LARGE`; `FORBIDDEN` if your token lacks the right
   * `join` for this room, or `state` and you give one, or if a moderator has put you out of the room in the last ten
   * minutes and your token is no newer than that.
   */
  readonly joinRoom: Room;
  /**
   * Leaves a room. The other members get `PeerRemoved(reason: LEFT)` at once. Returns true, or false if you were
   * not in the room.
   *
   * Errors: `NOT_CONNECTED`.
   */
  readonly leaveRoom: Scalars['Boolean']['output'];
  /**
   * Long polling: the messages of the subscription `messages`, for networks that hold back event streams. Prefer
   * `messages` where it works: it is faster, and costs the server less.
   *
   * The first call has no `after`: it begins a session, and answers at once with `Connected`. Every later call has the
   * cursor of the last message that you received. It answers with the messages after that cursor, in order. If there are
   * none, it waits for one, and answers with an empty list if none comes in time. If your session could not go on, a new
   * one has begun, and `Connected` comes first.
   *
   * A lost answer does no harm: call again with the same `after`, and the same messages come again. A call that waits gets
   * `REPLACED` when you make another one, or open `messages`. Between two calls, your session waits for its grace period.
   * An answer may contain only a part of the messages: the next call gives the next part.
   *
   * Use it only once in a request. A request of more than 4,096 characters does not wait.
   *
   * Errors: `REPLACED` and `TOKEN_EXPIRED`, as on a stream; `FORBIDDEN`, `ROOM_FULL`, `TOO_MANY_ROOMS` and
   * `PAYLOAD_TOO_LARGE`, because of `join`.
   */
  readonly receive: ReadonlyArray<Message>;
  /**
   * Sends a message to one other member of a room. It arrives on that peer's stream as a `Signal`. Needs the right `send`.
   * With the right `moderate`, you need not be in the room.
   *
   * Errors: `NOT_CONNECTED`, `NOT_IN_ROOM`, `PEER_NOT_IN_ROOM`, `PAYLOAD_TOO_LARGE`.
   */
  readonly relay: Receipt;
  /**
   * Puts a peer out of a room. The other members, and the peer itself, get `PeerRemoved(reason: KICKED)`. For ten minutes
   * the peer cannot join again with the same token, or with any that was made before. Returns true, or false if the peer
   * was not in the room. Needs the right `moderate`. You need not be in the room, and need no session.
   *
   * Errors: `FORBIDDEN`.
   */
  readonly removePeer: Scalars['Boolean']['output'];
  /**
   * Gives a guest its next token, of the same peer. Call it before the token of this request expires, then open
   * `messages` again with the new token and your last cursor: the session goes on, and you miss nothing.
   *
   * Errors: `FORBIDDEN` if the token was not made by `access`, or the server admits no guests any more.
   */
  readonly renew: Access;
  /**
   * Changes your state in a room. The other members get `PeerChanged`. Needs the right `state`.
   *
   * Errors: `NOT_CONNECTED`, `NOT_IN_ROOM`, `PAYLOAD_TOO_LARGE`.
   */
  readonly setState: Member;
};


/**
 * The fields that change rooms, send messages or fetch them. All but `access` need a token. All but `access`, `renew`,
 * `receive`, `removePeer` and `closeRoom` need a session: open `messages` first. A token with the right `moderate` for a
 * room needs none for `relay` and `broadcast` either.
 *
 * Besides the errors named at a field, each can fail with `BAD_USER_INPUT` if an argument is not valid,
 * `UNAUTHENTICATED` if the token is missing or not valid, `FORBIDDEN` if the token does not allow it in this room, and
 * `UNAVAILABLE` if the server cannot serve it now.
 */
export type MutationAccessArgs = {
  space?: InputMaybe<Scalars['String']['input']>;
  username: Scalars['String']['input'];
};


/**
 * The fields that change rooms, send messages or fetch them. All but `access` need a token. All but `access`, `renew`,
 * `receive`, `removePeer` and `closeRoom` need a session: open `messages` first. A token with the right `moderate` for a
 * room needs none for `relay` and `broadcast` either.
 *
 * Besides the errors named at a field, each can fail with `BAD_USER_INPUT` if an argument is not valid,
 * `UNAUTHENTICATED` if the token is missing or not valid, `FORBIDDEN` if the token does not allow it in this room, and
 * `UNAVAILABLE` if the server cannot serve it now.
 */
export type MutationBroadcastArgs = {
  data?: InputMaybe<Scalars['JSON']['input']>;
  event: Scalars['String']['input'];
  key?: InputMaybe<Scalars['ID']['input']>;
  roomId: Scalars['ID']['input'];
};


/**
 * The fields that change rooms, send messages or fetch them. All but `access` need a token. All but `access`, `renew`,
 * `receive`, `removePeer` and `closeRoom` need a session: open `messages` first. A token with the right `moderate` for a
 * room needs none for `relay` and `broadcast` either.
 *
 * Besides the errors named at a field, each can fail with `BAD_USER_INPUT` if an argument is not valid,
 * `UNAUTHENTICATED` if the token is missing or not valid, `FORBIDDEN` if the token does not allow it in this room, and
 * `UNAVAILABLE` if the server cannot serve it now.
 */
export type MutationCloseRoomArgs = {
  roomId: Scalars['ID']['input'];
};


/**
 * The fields that change rooms, send messages or fetch them. All but `access` need a token. All but `access`, `renew`,
 * `receive`, `removePeer` and `closeRoom` need a session: open `messages` first. A token with the right `moderate` for a
 * room needs none for `relay` and `broadcast` either.
 *
 * Besides the errors named at a field, each can fail with `BAD_USER_INPUT` if an argument is not valid,
 * `UNAUTHENTICATED` if the token is missing or not valid, `FORBIDDEN` if the token does not allow it in this room, and
 * `UNAVAILABLE` if the server cannot serve it now.
 */
export type MutationJoinRoomArgs = {
  roomId: Scalars['ID']['input'];
  state?: InputMaybe<Scalars['JSON']['input']>;
};


/**
 * The fields that change rooms, send messages or fetch them. All but `access` need a token. All but `access`, `renew`,
 * `receive`, `removePeer` and `closeRoom` need a session: open `messages` first. A token with the right `moderate` for a
 * room needs none for `relay` and `broadcast` either.
 *
 * Besides the errors named at a field, each can fail with `BAD_USER_INPUT` if an argument is not valid,
 * `UNAUTHENTICATED` if the token is missing or not valid, `FORBIDDEN` if the token does not allow it in this room, and
 * `UNAVAILABLE` if the server cannot serve it now.
 */
export type MutationLeaveRoomArgs = {
  roomId: Scalars['ID']['input'];
};


/**
 * The fields that change rooms, send messages or fetch them. All but `access` need a token. All but `access`, `renew`,
 * `receive`, `removePeer` and `closeRoom` need a session: open `messages` first. A token with the right `moderate` for a
 * room needs none for `relay` and `broadcast` either.
 *
 * Besides the errors named at a field, each can fail with `BAD_USER_INPUT` if an argument is not valid,
 * `UNAUTHENTICATED` if the token is missing or not valid, `FORBIDDEN` if the token does not allow it in this room, and
 * `UNAVAILABLE` if the server cannot serve it now.
 */
export type MutationReceiveArgs = {
  after?: InputMaybe<Scalars['ID']['input']>;
  join?: InputMaybe<ReadonlyArray<JoinInput>>;
  wait?: InputMaybe<Scalars['Int']['input']>;
};


/**
 * The fields that change rooms, send messages or fetch them. All but `access` need a token. All but `access`, `renew`,
 * `receive`, `removePeer` and `closeRoom` need a session: open `messages` first. A token with the right `moderate` for a
 * room needs none for `relay` and `broadcast` either.
 *
 * Besides the errors named at a field, each can fail with `BAD_USER_INPUT` if an argument is not valid,
 * `UNAUTHENTICATED` if the token is missing or not valid, `FORBIDDEN` if the token does not allow it in this room, and
 * `UNAVAILABLE` if the server cannot serve it now.
 */
export type MutationRelayArgs = {
  data?: InputMaybe<Scalars['JSON']['input']>;
  event: Scalars['String']['input'];
  key?: InputMaybe<Scalars['ID']['input']>;
  peerId: Scalars['ID']['input'];
  roomId: Scalars['ID']['input'];
};


/**
 * The fields that change rooms, send messages or fetch them. All but `access` need a token. All but `access`, `renew`,
 * `receive`, `removePeer` and `closeRoom` need a session: open `messages` first. A token with the right `moderate` for a
 * room needs none for `relay` and `broadcast` either.
 *
 * Besides the errors named at a field, each can fail with `BAD_USER_INPUT` if an argument is not valid,
 * `UNAUTHENTICATED` if the token is missing or not valid, `FORBIDDEN` if the token does not allow it in this room, and
 * `UNAVAILABLE` if the server cannot serve it now.
 */
export type MutationRemovePeerArgs = {
  peerId: Scalars['ID']['input'];
  roomId: Scalars['ID']['input'];
};


/**
 * The fields that change rooms, send messages or fetch them. All but `access` need a token. All but `access`, `renew`,
 * `receive`, `removePeer` and `closeRoom` need a session: open `messages` first. A token with the right `moderate` for a
 * room needs none for `relay` and `broadcast` either.
 *
 * Besides the errors named at a field, each can fail with `BAD_USER_INPUT` if an argument is not valid,
 * `UNAUTHENTICATED` if the token is missing or not valid, `FORBIDDEN` if the token does not allow it in this room, and
 * `UNAVAILABLE` if the server cannot serve it now.
 */
export type MutationSetStateArgs = {
  roomId: Scalars['ID']['input'];
  state?: InputMaybe<Scalars['JSON']['input']>;
};

/** A connected client. Each token belongs to one peer, so the server knows the caller from its token. */
export type Peer = {
  readonly __typename?: 'Peer';
  /** True if the peer got its token from the mutations `access` or `renew`. */
  readonly guest: Scalars['Boolean']['output'];
  /** The peer's id: the `sub` of its token. It is the same in every room and on every connection. */
  readonly id: Scalars['ID']['output'];
  /** The peer's name, from its token. Two peers may have the same name: tell peers apart by `id`. */
  readonly username: Scalars['String']['output'];
};

/**
 * You and another peer now share a room: one of you has just joined it. Of each pair, exactly one side is told to
 * send an offer. So two peers never send offers at the same time (no glare), and never wait for each other.
 */
export type PeerAdded = Message & {
  readonly __typename?: 'PeerAdded';
  /** The message's cursor. */
  readonly cursor: Scalars['ID']['output'];
  /**
   * True if you send that peer an offer; false if you wait for its offer. The joining peer sends the offers, and
   * the members that it finds in the room wait.
   */
  readonly offer: Scalars['Boolean']['output'];
  /** The other peer. */
  readonly peer: Peer;
  /** The shared room. */
  readonly roomId: Scalars['ID']['output'];
  /** The time at which the server accepted the message. */
  readonly sentAt: Scalars['DateTime']['output'];
  /** The other peer's state in this room. */
  readonly state: Maybe<Scalars['JSON']['output']>;
};

/** Another member of the room has a new state. */
export type PeerChanged = Message & {
  readonly __typename?: 'PeerChanged';
  /** The message's cursor. */
  readonly cursor: Scalars['ID']['output'];
  /** The peer whose state changed. */
  readonly peer: Peer;
  /** The room in which the state changed. */
  readonly roomId: Scalars['ID']['output'];
  /** The time at which the server accepted the message. */
  readonly sentAt: Scalars['DateTime']['output'];
  /** The peer's new state in this room. */
  readonly state: Maybe<Scalars['JSON']['output']>;
};

/**
 * Another peer is no longer in the room. Or you are not: if a moderator puts you out of it, or if your new token does not
 * allow you to be in it any more, you get this message about yourself.
 */
export type PeerRemoved = Message & {
  readonly __typename?: 'PeerRemoved';
  /** The message's cursor. */
  readonly cursor: Scalars['ID']['output'];
  /** The removed peer: another one, or you. */
  readonly peer: Peer;
  /** Why the peer was removed. */
  readonly reason: RemovalReason;
  /** The room that the peer was in. */
  readonly roomId: Scalars['ID']['output'];
  /** The time at which the server accepted the message. */
  readonly sentAt: Scalars['DateTime']['output'];
  /** The peer's last state in this room. */
  readonly state: Maybe<Scalars['JSON']['output']>;
};

/**
 * The fields that read data. All need a token. `rooms` and `room` find nothing if you have no session, unless you may
 * moderate the room.
 */
export type Query = {
  readonly __typename?: 'Query';
  /**
   * The STUN and TURN servers for your RTCPeerConnections: `new RTCPeerConnection({ iceServers })`. Empty if the operator
   * has set none (`ICE_SERVERS`, `TURN_URLS`): peers then find a direct path in the same network only. A credential is yours
   * alone, and each answer has a new one. Ask again before the first `expiresAt`.
   */
  readonly iceServers: ReadonlyArray<IceServer>;
  /** You: the peer that your token belongs to. */
  readonly me: Peer;
  /**
   * One room. Null unless you are in it. With the right `moderate`, you need not be in it: then it is null if nobody is.
   *
   * Errors: `FORBIDDEN` if your token allows you neither to join this room nor to moderate it.
   */
  readonly room: Maybe<Room>;
  /**
   * The rooms that you are in, in order of joining.
   *
   * Errors: `PAYLOAD_TOO_LARGE` if they are too large for one response. Then ask for each `room`.
   */
  readonly rooms: ReadonlyArray<Room>;
};


/**
 * The fields that read data. All need a token. `rooms` and `room` find nothing if you have no session, unless you may
 * moderate the room.
 */
export type QueryRoomArgs = {
  roomId: Scalars['ID']['input'];
};

/** Confirms that the server accepted a message. */
export type Receipt = {
  readonly __typename?: 'Receipt';
  /** The cursor of the `Signal` on its receivers' streams. */
  readonly cursor: Scalars['ID']['output'];
  /** Whether a receiver was connected when the server accepted the message. */
  readonly status: ReceiptStatus;
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

/**
 * A set of peers. Its members can send messages to one another, and each is told when another joins or leaves.
 * The first peer to join creates the room; the room ends when the last member leaves.
 */
export type Room = {
  readonly __typename?: 'Room';
  /** The room's id, chosen by the first peer to join: 1 to 128 printable characters. */
  readonly id: Scalars['ID']['output'];
  /** All members of the room, you included, in order of joining. */
  readonly members: ReadonlyArray<Member>;
};

/**
 * A message from another peer. It used `relay` to send to you alone, or `broadcast` to send to the room. A moderator need
 * not be a member: your application's back end may speak to a room in this way.
 */
export type Signal = Message & {
  readonly __typename?: 'Signal';
  /** The message's cursor. The sender's `Receipt` has the same cursor. */
  readonly cursor: Scalars['ID']['output'];
  /** The content of the message. */
  readonly data: Maybe<Scalars['JSON']['output']>;
  /** The kind of message, named by the sender: for example `offer`, `answer`, `candidate` or `chat`. */
  readonly event: Scalars['String']['output'];
  /** The sender, as its token names it. */
  readonly peer: Peer;
  /** The room in which the message was sent. */
  readonly roomId: Scalars['ID']['output'];
  /** The time at which the server accepted the message. */
  readonly sentAt: Scalars['DateTime']['output'];
};

/** The field that opens a stream. It needs a token, and the header `Accept: text/event-stream`. */
export type Subscription = {
  readonly __typename?: 'Subscription';
  /**
   * All messages for you, on one stream. The first message is `Connected`.
   *
   * The stream belongs to your session, which holds the rooms that you are in. If the stream closes, the session
   * lives on for a grace period (`GRACE_SECONDS`, 15 seconds by default), so that you can resume.
   *
   * Without a cursor, a new session begins. The newest session wins: an older session of the same peer ends, and
   * its stream gets the error `REPLACED`.
   *
   * With a cursor, the session goes on if its grace period is not over: every message after the cursor arrives,
   * once and in order. If the session cannot go on, a new one begins, and `Connected` has `resumed: false`. The
   * cursor of a replaced session gets the error `REPLACED`.
   *
   * `join` names the rooms that you want to be in. The session enters those that it is not in, before anything else
   * happens to it. `Connected` shows them, and after the messages that you missed follows a `PeerAdded(offer: true)`
   * for each of their members. So a client that always opens `messages` with the same `join` is always in its rooms,
   * whether its session goes on or a new one begins.
   *
   * A stream that ends without a `complete` event was cut. Open it again from your last cursor.
   *
   * If your token allows less than the one before, a session that goes on leaves the rooms that it may not be in any more.
   * You get `PeerRemoved(reason: KICKED)` about yourself for each.
   *
   * Errors: `REPLACED`, `TOKEN_EXPIRED`; and of `join` `FORBIDDEN`, `ROOM_FULL`, `TOO_MANY_ROOMS`, `PAYLOAD_TOO_LARGE`: then no room
   * is entered, no session begins, and none ends.
   */
  readonly messages: Message;
};


/** The field that opens a stream. It needs a token, and the header `Accept: text/event-stream`. */
export type SubscriptionMessagesArgs = {
  after?: InputMaybe<Scalars['ID']['input']>;
  heartbeat?: InputMaybe<Scalars['Int']['input']>;
  join?: InputMaybe<ReadonlyArray<JoinInput>>;
};



export type ResolverTypeWrapper<T> = Promise<T> | T;


export type ResolverWithResolve<TResult, TParent, TContext, TArgs> = {
  resolve: ResolverFn<TResult, TParent, TContext, TArgs>;
};
export type Resolver<TResult, TParent = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>, TArgs = Record<PropertyKey, never>> = ResolverFn<TResult, TParent, TContext, TArgs> | ResolverWithResolve<TResult, TParent, TContext, TArgs>;

export type ResolverFn<TResult, TParent, TContext, TArgs> = (
  parent: TParent,
  args: TArgs,
  context: TContext,
  info: GraphQLResolveInfo
) => Promise<TResult> | TResult;

export type SubscriptionSubscribeFn<TResult, TParent, TContext, TArgs> = (
  parent: TParent,
  args: TArgs,
  context: TContext,
  info: GraphQLResolveInfo
) => AsyncIterable<TResult> | Promise<AsyncIterable<TResult>>;

export type SubscriptionResolveFn<TResult, TParent, TContext, TArgs> = (
  parent: TParent,
  args: TArgs,
  context: TContext,
  info: GraphQLResolveInfo
) => TResult | Promise<TResult>;

export interface SubscriptionSubscriberObject<TResult, TKey extends string, TParent, TContext, TArgs> {
  subscribe: SubscriptionSubscribeFn<{ [key in TKey]: TResult }, TParent, TContext, TArgs>;
  resolve?: SubscriptionResolveFn<TResult, { [key in TKey]: TResult }, TContext, TArgs>;
}

export interface SubscriptionResolverObject<TResult, TParent, TContext, TArgs> {
  subscribe: SubscriptionSubscribeFn<any, TParent, TContext, TArgs>;
  resolve: SubscriptionResolveFn<TResult, any, TContext, TArgs>;
}

export type SubscriptionObject<TResult, TKey extends string, TParent, TContext, TArgs> =
  | SubscriptionSubscriberObject<TResult, TKey, TParent, TContext, TArgs>
  | SubscriptionResolverObject<TResult, TParent, TContext, TArgs>;

export type SubscriptionResolver<TResult, TKey extends string, TParent = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>, TArgs = Record<PropertyKey, never>> =
  | ((...args: any[]) => SubscriptionObject<TResult, TKey, TParent, TContext, TArgs>)
  | SubscriptionObject<TResult, TKey, TParent, TContext, TArgs>;

export type TypeResolveFn<TTypes, TParent = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>> = (
  parent: TParent,
  context: TContext,
  info: GraphQLResolveInfo
) => Maybe<TTypes> | Promise<Maybe<TTypes>>;

export type IsTypeOfResolverFn<T = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>> = (obj: T, context: TContext, info: GraphQLResolveInfo) => boolean | Promise<boolean>;

export type NextResolverFn<T> = () => Promise<T>;

export type DirectiveResolverFn<TResult = Record<PropertyKey, never>, TParent = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>, TArgs = Record<PropertyKey, never>> = (
  next: NextResolverFn<TResult>,
  parent: TParent,
  args: TArgs,
  context: TContext,
  info: GraphQLResolveInfo
) => TResult | Promise<TResult>;





/** Mapping between all available schema types and the resolvers types */
export type ResolversTypes = {
  Access: ResolverTypeWrapper<Omit<Access, 'peer'> & { peer: ResolversTypes['Peer'] }>;
  Boolean: ResolverTypeWrapper<Scalars['Boolean']['output']>;
  Connected: ResolverTypeWrapper<ConnectedModel>;
  DateTime: ResolverTypeWrapper<Scalars['DateTime']['output']>;
  Heartbeat: ResolverTypeWrapper<HeartbeatModel>;
  ID: ResolverTypeWrapper<Scalars['ID']['output']>;
  IceServer: ResolverTypeWrapper<IceServer>;
  Int: ResolverTypeWrapper<Scalars['Int']['output']>;
  JSON: ResolverTypeWrapper<Scalars['JSON']['output']>;
  JoinInput: JoinInput;
  Member: ResolverTypeWrapper<MemberModel>;
  Message: ResolverTypeWrapper<MessageModel>;
  Mutation: ResolverTypeWrapper<Record<PropertyKey, never>>;
  Peer: ResolverTypeWrapper<PeerModel>;
  PeerAdded: ResolverTypeWrapper<PeerAddedModel>;
  PeerChanged: ResolverTypeWrapper<PeerChangedModel>;
  PeerRemoved: ResolverTypeWrapper<PeerRemovedModel>;
  Query: ResolverTypeWrapper<Record<PropertyKey, never>>;
  Receipt: ResolverTypeWrapper<Receipt>;
  ReceiptStatus: ReceiptStatus;
  RemovalReason: RemovalReason;
  Room: ResolverTypeWrapper<RoomModel>;
  Signal: ResolverTypeWrapper<SignalModel>;
  String: ResolverTypeWrapper<Scalars['String']['output']>;
  Subscription: ResolverTypeWrapper<Record<PropertyKey, never>>;
};

/** Mapping between all available schema types and the resolvers parents */
export type ResolversParentTypes = {
  Access: Omit<Access, 'peer'> & { peer: ResolversParentTypes['Peer'] };
  Boolean: Scalars['Boolean']['output'];
  Connected: ConnectedModel;
  DateTime: Scalars['DateTime']['output'];
  Heartbeat: HeartbeatModel;
  ID: Scalars['ID']['output'];
  IceServer: IceServer;
  Int: Scalars['Int']['output'];
  JSON: Scalars['JSON']['output'];
  JoinInput: JoinInput;
  Member: MemberModel;
  Message: MessageModel;
  Mutation: Record<PropertyKey, never>;
  Peer: PeerModel;
  PeerAdded: PeerAddedModel;
  PeerChanged: PeerChangedModel;
  PeerRemoved: PeerRemovedModel;
  Query: Record<PropertyKey, never>;
  Receipt: Receipt;
  Room: RoomModel;
  Signal: SignalModel;
  String: Scalars['String']['output'];
  Subscription: Record<PropertyKey, never>;
};

export type AccessResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Access'] = ResolversParentTypes['Access']> = {
  expiresAt?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
  peer?: Resolver<ResolversTypes['Peer'], ParentType, ContextType>;
  token?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
};

export type ConnectedResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Connected'] = ResolversParentTypes['Connected']> = {
  cursor?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  peer?: Resolver<ResolversTypes['Peer'], ParentType, ContextType>;
  resumed?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  rooms?: Resolver<ReadonlyArray<ResolversTypes['Room']>, ParentType, ContextType>;
  sentAt?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export interface DateTimeScalarConfig extends GraphQLScalarTypeConfig<ResolversTypes['DateTime'], any> {
  name: 'DateTime';
}

export type HeartbeatResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Heartbeat'] = ResolversParentTypes['Heartbeat']> = {
  cursor?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  sentAt?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type IceServerResolvers<ContextType = Context, ParentType extends ResolversParentTypes['IceServer'] = ResolversParentTypes['IceServer']> = {
  credential?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  expiresAt?: Resolver<Maybe<ResolversTypes['DateTime']>, ParentType, ContextType>;
  urls?: Resolver<ReadonlyArray<ResolversTypes['String']>, ParentType, ContextType>;
  username?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
};

export interface JsonScalarConfig extends GraphQLScalarTypeConfig<ResolversTypes['JSON'], any> {
  name: 'JSON';
}

export type MemberResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Member'] = ResolversParentTypes['Member']> = {
  peer?: Resolver<ResolversTypes['Peer'], ParentType, ContextType>;
  state?: Resolver<Maybe<ResolversTypes['JSON']>, ParentType, ContextType>;
};

export type MessageResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Message'] = ResolversParentTypes['Message']> = {
  __resolveType: TypeResolveFn<'Connected' | 'Heartbeat' | 'PeerAdded' | 'PeerChanged' | 'PeerRemoved' | 'Signal', ParentType, ContextType>;
};

export type MutationResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Mutation'] = ResolversParentTypes['Mutation']> = {
  access?: Resolver<ResolversTypes['Access'], ParentType, ContextType, RequireFields<MutationAccessArgs, 'username'>>;
  broadcast?: Resolver<ResolversTypes['Receipt'], ParentType, ContextType, RequireFields<MutationBroadcastArgs, 'event' | 'roomId'>>;
  closeRoom?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType, RequireFields<MutationCloseRoomArgs, 'roomId'>>;
  joinRoom?: Resolver<ResolversTypes['Room'], ParentType, ContextType, RequireFields<MutationJoinRoomArgs, 'roomId'>>;
  leaveRoom?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType, RequireFields<MutationLeaveRoomArgs, 'roomId'>>;
  receive?: Resolver<ReadonlyArray<ResolversTypes['Message']>, ParentType, ContextType, Partial<MutationReceiveArgs>>;
  relay?: Resolver<ResolversTypes['Receipt'], ParentType, ContextType, RequireFields<MutationRelayArgs, 'event' | 'peerId' | 'roomId'>>;
  removePeer?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType, RequireFields<MutationRemovePeerArgs, 'peerId' | 'roomId'>>;
  renew?: Resolver<ResolversTypes['Access'], ParentType, ContextType>;
  setState?: Resolver<ResolversTypes['Member'], ParentType, ContextType, RequireFields<MutationSetStateArgs, 'roomId'>>;
};

export type PeerResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Peer'] = ResolversParentTypes['Peer']> = {
  guest?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  username?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
};

export type PeerAddedResolvers<ContextType = Context, ParentType extends ResolversParentTypes['PeerAdded'] = ResolversParentTypes['PeerAdded']> = {
  cursor?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  offer?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  peer?: Resolver<ResolversTypes['Peer'], ParentType, ContextType>;
  roomId?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  sentAt?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
  state?: Resolver<Maybe<ResolversTypes['JSON']>, ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type PeerChangedResolvers<ContextType = Context, ParentType extends ResolversParentTypes['PeerChanged'] = ResolversParentTypes['PeerChanged']> = {
  cursor?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  peer?: Resolver<ResolversTypes['Peer'], ParentType, ContextType>;
  roomId?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  sentAt?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
  state?: Resolver<Maybe<ResolversTypes['JSON']>, ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type PeerRemovedResolvers<ContextType = Context, ParentType extends ResolversParentTypes['PeerRemoved'] = ResolversParentTypes['PeerRemoved']> = {
  cursor?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  peer?: Resolver<ResolversTypes['Peer'], ParentType, ContextType>;
  reason?: Resolver<ResolversTypes['RemovalReason'], ParentType, ContextType>;
  roomId?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  sentAt?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
  state?: Resolver<Maybe<ResolversTypes['JSON']>, ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type QueryResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Query'] = ResolversParentTypes['Query']> = {
  iceServers?: Resolver<ReadonlyArray<ResolversTypes['IceServer']>, ParentType, ContextType>;
  me?: Resolver<ResolversTypes['Peer'], ParentType, ContextType>;
  room?: Resolver<Maybe<ResolversTypes['Room']>, ParentType, ContextType, RequireFields<QueryRoomArgs, 'roomId'>>;
  rooms?: Resolver<ReadonlyArray<ResolversTypes['Room']>, ParentType, ContextType>;
};

export type ReceiptResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Receipt'] = ResolversParentTypes['Receipt']> = {
  cursor?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  status?: Resolver<ResolversTypes['ReceiptStatus'], ParentType, ContextType>;
};

export type RoomResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Room'] = ResolversParentTypes['Room']> = {
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  members?: Resolver<ReadonlyArray<ResolversTypes['Member']>, ParentType, ContextType>;
};

export type SignalResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Signal'] = ResolversParentTypes['Signal']> = {
  cursor?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  data?: Resolver<Maybe<ResolversTypes['JSON']>, ParentType, ContextType>;
  event?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  peer?: Resolver<ResolversTypes['Peer'], ParentType, ContextType>;
  roomId?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  sentAt?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type SubscriptionResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Subscription'] = ResolversParentTypes['Subscription']> = {
  messages?: SubscriptionResolver<ResolversTypes['Message'], "messages", ParentType, ContextType, Partial<SubscriptionMessagesArgs>>;
};

export type Resolvers<ContextType = Context> = {
  Access?: AccessResolvers<ContextType>;
  Connected?: ConnectedResolvers<ContextType>;
  DateTime?: GraphQLScalarType;
  Heartbeat?: HeartbeatResolvers<ContextType>;
  IceServer?: IceServerResolvers<ContextType>;
  JSON?: GraphQLScalarType;
  Member?: MemberResolvers<ContextType>;
  Message?: MessageResolvers<ContextType>;
  Mutation?: MutationResolvers<ContextType>;
  Peer?: PeerResolvers<ContextType>;
  PeerAdded?: PeerAddedResolvers<ContextType>;
  PeerChanged?: PeerChangedResolvers<ContextType>;
  PeerRemoved?: PeerRemovedResolvers<ContextType>;
  Query?: QueryResolvers<ContextType>;
  Receipt?: ReceiptResolvers<ContextType>;
  Room?: RoomResolvers<ContextType>;
  Signal?: SignalResolvers<ContextType>;
  Subscription?: SubscriptionResolvers<ContextType>;
};

