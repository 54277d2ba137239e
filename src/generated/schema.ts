import type { GraphQLResolveInfo, GraphQLScalarType, GraphQLScalarTypeConfig } from 'graphql';
import type { Peer as PeerModel, Room as RoomModel, Message as MessageModel, Connected as ConnectedModel, PeerAdded as PeerAddedModel, PeerChanged as PeerChangedModel, PeerRemoved as PeerRemovedModel, Signal as SignalModel, Heartbeat as HeartbeatModel } from '../hub/hub.ts';
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
   * Any JSON value: object, array, string, number, boolean or null. It is relayed as it is and never
   * looked into, save for three things: its size is bounded (`MAX_DATA_BYTES`, 64 KiB unless the operator
   * says otherwise), so is its depth (128 levels), and a key named `__proto__` is refused, since a
   * receiver that merges it would be polluted.
   */
  JSON: { input: unknown; output: unknown; }
};

/** What a guest needs to use this API. */
export type Access = {
  readonly __typename?: 'Access';
  /**
   * When the token ends. A `messages` stream that is open then ends with `TOKEN_EXPIRED`; open it
   * again with a new token of the same peer and nothing is lost.
   */
  readonly expiresAt: Scalars['DateTime']['output'];
  /** The peer that the token stands for. */
  readonly peer: Peer;
  /**
   * A JWT, to be sent as `Authorization: Bearer <token>`, or as `?access_token=<token>` by an
   * EventSource, which can set no header.
   */
  readonly token: Scalars['String']['output'];
};

/**
 * The first message of every stream: the peer is connected. A client that finds `resumed` false has
 * a new session: it is in no room, and joins again.
 */
export type Connected = Message & {
  readonly __typename?: 'Connected';
  /** The cursor that the stream starts from. */
  readonly id: Scalars['ID']['output'];
  /** The peer that the stream belongs to. */
  readonly peer: Peer;
  /**
   * True where the session goes on, with every message after the cursor still to come. False where a
   * session begins: there was no cursor, or what came after it could not be kept.
   */
  readonly resumed: Scalars['Boolean']['output'];
  /** The rooms that the peer is in. Empty where a session begins. */
  readonly rooms: ReadonlyArray<Room>;
  /** When the server took it in. */
  readonly sentAt: Scalars['DateTime']['output'];
};

/**
 * Says that the stream lives, where `messages(heartbeat:)` asked for it. It is no entry: its id
 * repeats the last one.
 */
export type Heartbeat = Message & {
  readonly __typename?: 'Heartbeat';
  /** The id of the last message before it. */
  readonly id: Scalars['ID']['output'];
  /** When it was sent. */
  readonly sentAt: Scalars['DateTime']['output'];
};

/** One thing that a peer's `messages` stream brings. */
export type Message = {
  /**
   * A decimal number, as a string. On a stream the ids strictly increase, except that a `Heartbeat`
   * repeats the last. The last id seen is the cursor to go on from: `messages(after: <id>)`.
   */
  readonly id: Scalars['ID']['output'];
  /** When the server took it in. */
  readonly sentAt: Scalars['DateTime']['output'];
};

/** What can be done. All but `access` need a token, and a session: open `messages` first. */
export type Mutation = {
  readonly __typename?: 'Mutation';
  /**
   * Gives a guest a token, each time for a new peer. The only field that needs no token. Where the
   * operator has switched guests off, the error is `FORBIDDEN`.
   */
  readonly access: Access;
  /**
   * Sends a message to everyone else in the room. All of them see the room's broadcasts in one and
   * the same order.
   *
   * Errors: `NOT_CONNECTED`, `NOT_IN_ROOM`, `PAYLOAD_TOO_LARGE`.
   */
  readonly broadcast: Receipt;
  /**
   * Enters a room, which begins with its first peer. Everyone there hears of the caller by
   * `PeerAdded(offer: false)`, and the caller of each of them by `PeerAdded(offer: true)`. In a room
   * that the caller is in already it changes nothing and announces nothing.
   *
   * Errors: `NOT_CONNECTED`, `ROOM_FULL`, `TOO_MANY_ROOMS`, `PAYLOAD_TOO_LARGE`.
   */
  readonly joinRoom: Room;
  /**
   * Leaves a room; the others hear of it at once. False where the caller was not in it.
   *
   * Errors: `NOT_CONNECTED`.
   */
  readonly leaveRoom: Scalars['Boolean']['output'];
  /**
   * Sends a message to one peer in the room: it arrives on that peer's stream as a `Signal`.
   *
   * Errors: `NOT_CONNECTED`, `NOT_IN_ROOM`, `PEER_NOT_IN_ROOM`, `PAYLOAD_TOO_LARGE`.
   */
  readonly relay: Receipt;
  /**
   * Changes what the others see of the caller in a room; they hear of it by `PeerChanged`.
   *
   * Errors: `NOT_CONNECTED`, `NOT_IN_ROOM`, `PAYLOAD_TOO_LARGE`.
   */
  readonly setState: Peer;
};


/** What can be done. All but `access` need a token, and a session: open `messages` first. */
export type MutationAccessArgs = {
  username: Scalars['String']['input'];
};


/** What can be done. All but `access` need a token, and a session: open `messages` first. */
export type MutationBroadcastArgs = {
  data?: InputMaybe<Scalars['JSON']['input']>;
  event: Scalars['String']['input'];
  roomId: Scalars['ID']['input'];
};


/** What can be done. All but `access` need a token, and a session: open `messages` first. */
export type MutationJoinRoomArgs = {
  roomId: Scalars['ID']['input'];
  state?: InputMaybe<Scalars['JSON']['input']>;
};


/** What can be done. All but `access` need a token, and a session: open `messages` first. */
export type MutationLeaveRoomArgs = {
  roomId: Scalars['ID']['input'];
};


/** What can be done. All but `access` need a token, and a session: open `messages` first. */
export type MutationRelayArgs = {
  data?: InputMaybe<Scalars['JSON']['input']>;
  event: Scalars['String']['input'];
  peerId: Scalars['ID']['input'];
  roomId: Scalars['ID']['input'];
};


/** What can be done. All but `access` need a token, and a session: open `messages` first. */
export type MutationSetStateArgs = {
  roomId: Scalars['ID']['input'];
  state?: InputMaybe<Scalars['JSON']['input']>;
};

/** One connected client. Who a peer is comes from its token, never from an argument. */
export type Peer = {
  readonly __typename?: 'Peer';
  /** The peer's id: the `sub` of its token. It stays the same across connections and tokens. */
  readonly id: Scalars['ID']['output'];
  /**
   * What the peer shows of itself in one room, as given to `joinRoom` or `setState`: it is set only
   * on a peer that is read through a room, and null elsewhere (in `me`, say).
   */
  readonly state: Maybe<Scalars['JSON']['output']>;
  /** The name that the peer's token carries. Names need not be unique: tell peers apart by `id`. */
  readonly username: Scalars['String']['output'];
};

/**
 * Another peer and this one are now in a room together. Of each pair exactly one side is told to
 * offer, so two peers never offer at the same time (no glare) and never wait for each other.
 */
export type PeerAdded = Message & {
  readonly __typename?: 'PeerAdded';
  /** The message's id, and the cursor to go on from. */
  readonly id: Scalars['ID']['output'];
  /**
   * Whether it is for the receiver of this message to send that peer an offer. The one who joins
   * offers; those who were there wait for it.
   */
  readonly offer: Scalars['Boolean']['output'];
  /** The other peer. */
  readonly peer: Peer;
  /** The room they share. */
  readonly roomId: Scalars['ID']['output'];
  /** When the server took it in. */
  readonly sentAt: Scalars['DateTime']['output'];
};

/** A peer in the room has a new state. */
export type PeerChanged = Message & {
  readonly __typename?: 'PeerChanged';
  /** The message's id, and the cursor to go on from. */
  readonly id: Scalars['ID']['output'];
  /** The peer, with its new state. */
  readonly peer: Peer;
  /** The room in which the state was set. */
  readonly roomId: Scalars['ID']['output'];
  /** When the server took it in. */
  readonly sentAt: Scalars['DateTime']['output'];
};

/** A peer is in the room no longer. */
export type PeerRemoved = Message & {
  readonly __typename?: 'PeerRemoved';
  /** The message's id, and the cursor to go on from. */
  readonly id: Scalars['ID']['output'];
  /** The peer, with the last state it had there. */
  readonly peer: Peer;
  /** Why it is gone. */
  readonly reason: RemovalReason;
  /** The room that the peer was in. */
  readonly roomId: Scalars['ID']['output'];
  /** When the server took it in. */
  readonly sentAt: Scalars['DateTime']['output'];
};

/** What can be read. */
export type Query = {
  readonly __typename?: 'Query';
  /** The peer that the token stands for. */
  readonly me: Peer;
  /** One room; null unless the caller is in it. */
  readonly room: Maybe<Room>;
  /** The rooms that the caller is in, in the order of joining. */
  readonly rooms: ReadonlyArray<Room>;
};


/** What can be read. */
export type QueryRoomArgs = {
  roomId: Scalars['ID']['input'];
};

/** What became of a message that was sent. */
export type Receipt = {
  readonly __typename?: 'Receipt';
  /** The id that the `Signal` has on its receivers' streams. */
  readonly id: Scalars['ID']['output'];
  /** Whether someone is there to get it now. */
  readonly status: ReceiptStatus;
};

/** Whether a message went out at once. */
export type ReceiptStatus =
  /** It went to a receiver that is connected, or there was none to send it to. */
  | 'DELIVERED'
  /**
   * There are receivers, and all of them are between connections: they get it if they come back
   * within the grace period.
   */
  | 'QUEUED';

/** Why a peer is in a room no longer. */
export type RemovalReason =
  /** Its stream was lost, and it did not come back within the grace period. */
  | 'DISCONNECTED'
  /** It was put out of the room. */
  | 'KICKED'
  /** It called `leaveRoom`. */
  | 'LEFT'
  /** It began a new session, which is in no room yet: a page that was loaded again, say. */
  | 'REPLACED';

/**
 * A set of peers that hear of one another and may relay messages to one another. A room begins with
 * the first peer to join it and is gone with the last to leave.
 */
export type Room = {
  readonly __typename?: 'Room';
  /** The room's id, as chosen by whoever joined it first: 1 to 128 printable characters. */
  readonly id: Scalars['ID']['output'];
  /** Everyone in the room, the caller included, in the order of joining. */
  readonly peers: ReadonlyArray<Peer>;
};

/** What another peer sent, by `relay` to this peer alone or by `broadcast` to the room. */
export type Signal = Message & {
  readonly __typename?: 'Signal';
  /** The message itself. */
  readonly data: Maybe<Scalars['JSON']['output']>;
  /** What kind of message it is, in the sender's words: `offer`, `answer`, `candidate`, `chat`. */
  readonly event: Scalars['String']['output'];
  /** The message's id, and the cursor to go on from. The sender's `Receipt` has the same id. */
  readonly id: Scalars['ID']['output'];
  /** The sender, as its token names it. */
  readonly peer: Peer;
  /** The room it was sent in. */
  readonly roomId: Scalars['ID']['output'];
  /** When the server took it in. */
  readonly sentAt: Scalars['DateTime']['output'];
};

/** What can be listened to. */
export type Subscription = {
  readonly __typename?: 'Subscription';
  /**
   * Everything that is meant for the caller, on one stream. The first message is `Connected`.
   *
   * Without a cursor it begins a new session: the newest wins, and an older session of the same peer
   * ends with the error `REPLACED`. With a cursor, and within the grace period, the session goes on:
   * every message after the cursor arrives, once and in order. The cursor of a session that another
   * has replaced is answered with `REPLACED`.
   *
   * A stream that ends without a `complete` event was cut: open it again from the last id.
   */
  readonly messages: Message;
};


/** What can be listened to. */
export type SubscriptionMessagesArgs = {
  after?: InputMaybe<Scalars['ID']['input']>;
  heartbeat?: InputMaybe<Scalars['Int']['input']>;
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
  Int: ResolverTypeWrapper<Scalars['Int']['output']>;
  JSON: ResolverTypeWrapper<Scalars['JSON']['output']>;
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
  Int: Scalars['Int']['output'];
  JSON: Scalars['JSON']['output'];
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
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
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
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  sentAt?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export interface JsonScalarConfig extends GraphQLScalarTypeConfig<ResolversTypes['JSON'], any> {
  name: 'JSON';
}

export type MessageResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Message'] = ResolversParentTypes['Message']> = {
  __resolveType: TypeResolveFn<'Connected' | 'Heartbeat' | 'PeerAdded' | 'PeerChanged' | 'PeerRemoved' | 'Signal', ParentType, ContextType>;
};

export type MutationResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Mutation'] = ResolversParentTypes['Mutation']> = {
  access?: Resolver<ResolversTypes['Access'], ParentType, ContextType, RequireFields<MutationAccessArgs, 'username'>>;
  broadcast?: Resolver<ResolversTypes['Receipt'], ParentType, ContextType, RequireFields<MutationBroadcastArgs, 'event' | 'roomId'>>;
  joinRoom?: Resolver<ResolversTypes['Room'], ParentType, ContextType, RequireFields<MutationJoinRoomArgs, 'roomId'>>;
  leaveRoom?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType, RequireFields<MutationLeaveRoomArgs, 'roomId'>>;
  relay?: Resolver<ResolversTypes['Receipt'], ParentType, ContextType, RequireFields<MutationRelayArgs, 'event' | 'peerId' | 'roomId'>>;
  setState?: Resolver<ResolversTypes['Peer'], ParentType, ContextType, RequireFields<MutationSetStateArgs, 'roomId'>>;
};

export type PeerResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Peer'] = ResolversParentTypes['Peer']> = {
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  state?: Resolver<Maybe<ResolversTypes['JSON']>, ParentType, ContextType>;
  username?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
};

export type PeerAddedResolvers<ContextType = Context, ParentType extends ResolversParentTypes['PeerAdded'] = ResolversParentTypes['PeerAdded']> = {
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  offer?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  peer?: Resolver<ResolversTypes['Peer'], ParentType, ContextType>;
  roomId?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  sentAt?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type PeerChangedResolvers<ContextType = Context, ParentType extends ResolversParentTypes['PeerChanged'] = ResolversParentTypes['PeerChanged']> = {
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  peer?: Resolver<ResolversTypes['Peer'], ParentType, ContextType>;
  roomId?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  sentAt?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type PeerRemovedResolvers<ContextType = Context, ParentType extends ResolversParentTypes['PeerRemoved'] = ResolversParentTypes['PeerRemoved']> = {
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  peer?: Resolver<ResolversTypes['Peer'], ParentType, ContextType>;
  reason?: Resolver<ResolversTypes['RemovalReason'], ParentType, ContextType>;
  roomId?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  sentAt?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type QueryResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Query'] = ResolversParentTypes['Query']> = {
  me?: Resolver<ResolversTypes['Peer'], ParentType, ContextType>;
  room?: Resolver<Maybe<ResolversTypes['Room']>, ParentType, ContextType, RequireFields<QueryRoomArgs, 'roomId'>>;
  rooms?: Resolver<ReadonlyArray<ResolversTypes['Room']>, ParentType, ContextType>;
};

export type ReceiptResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Receipt'] = ResolversParentTypes['Receipt']> = {
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  status?: Resolver<ResolversTypes['ReceiptStatus'], ParentType, ContextType>;
};

export type RoomResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Room'] = ResolversParentTypes['Room']> = {
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  peers?: Resolver<ReadonlyArray<ResolversTypes['Peer']>, ParentType, ContextType>;
};

export type SignalResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Signal'] = ResolversParentTypes['Signal']> = {
  data?: Resolver<Maybe<ResolversTypes['JSON']>, ParentType, ContextType>;
  event?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
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
  JSON?: GraphQLScalarType;
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

