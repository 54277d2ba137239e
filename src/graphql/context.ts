import type { GraphQLResolveInfo } from 'graphql';
import type { Caller, Tokens } from '../auth/tokens.ts';
import type { Hub } from '../hub/hub.ts';
import type { IceServersFor } from '../ice-servers.ts';
import type { Account, Meters } from '../limits/account.ts';
import type { Monitor } from '../monitor.ts';
import type { ResponseBudget } from './response-budget.ts';
import type { Results } from './result.ts';

/** The parts that all resolvers use. They live as long as the node. */
export interface Services {
  readonly hub: Hub;
  readonly tokens: Tokens;
  readonly guestAccess: boolean;
  /** The most bytes of JSON in one `data` or `state`. */
  readonly maxDataBytes: number;
  /** What peers and addresses may ask of this node (G13). */
  readonly meters: Meters;
  /** The STUN and TURN servers that clients are told of. None by default. */
  readonly iceServersFor?: IceServersFor;
  /** Tells a developer what peers do, a line at a time. Absent in production. */
  readonly tell?: ((line: string) => void) | undefined;
  /** Counts and measures what peers do. Absent without ADMIN_PORT. */
  readonly monitor?: Monitor | undefined;
}

/** The parts of a request that identify the caller, and the place from which its stream resumes. */
export interface Credentials {
  /** The bearer token, from the header or the URL. Not verified yet. */
  readonly token?: string | undefined;
  /** The `Last-Event-ID` header, or the parameter `lastEventId` or `last_event_id` of a GET. */
  readonly lastEventId?: string | undefined;
}

/** The share of the caller's address in the streams of this node. Both throw `UNAVAILABLE` if it is used up. */
export interface StreamPlace {
  /** Call this before a stream is opened. `resumes`: whether the client sent a cursor. */
  take(resumes: boolean): void;
  /** Call this when it is known whether the stream has resumed. */
  confirm(resumed: boolean): void;
}

/** A request whose answer may wait for messages. Meanwhile it has a place among the streams of its address. */
export interface LongPoll extends StreamPlace {
  /**
   * The answer may take `ms` from now on: other requests of the address need not wait for it. `onLeave` is called if the
   * client closes its side of the connection before it is answered.
   */
  wait(ms: number, onLeave: () => void): void;
}

/** The parts of an HTTP request that the engine needs. */
export interface RequestInfo {
  readonly method: 'GET' | 'POST';
  /** Whether the client takes a stream, which a subscription needs, and is still there to read it. */
  readonly takesEvents: boolean;
  readonly credentials: Credentials;
  /** The address that the request counts for, as `addressOf` has it. */
  readonly address: string;
  readonly streamPlace?: StreamPlace | undefined;
  /** Makes the request a long poll. */
  readonly longPoll?: (() => LongPoll) | undefined;
}

/** What a resolver may know of its field, besides the arguments: what both plans and graphql-js can tell. */
export type FieldInfo = Pick<GraphQLResolveInfo, 'fieldName' | 'fieldNodes' | 'fragments'>;

/** The context of a message's resolvers. It belongs to no stream, so that streams can share results. */
export interface MessageContext {
  /** The budget of this response or event. */
  readonly budget: ResponseBudget;
}

/** The context of all other resolvers. */
export interface Context extends Services, RequestInfo, MessageContext {
  /**
   * Verifies the token and gives its peer. Throws `UNAUTHENTICATED`. It runs once, at the first call, because
   * `access` needs no token.
   */
  caller(): Promise<Caller>;
  /** What this request, and the stream that it opens, is charged for. */
  readonly account: Account;
  /** What this request has read of rooms, so that it reads nothing twice. */
  readonly reads: Map<string, Promise<unknown>>;
  /** The size of the rooms that the hub has read for this request. It is charged for if the answer has less. */
  readBytes: number;
  /** The JSON text of the variables, if there are any: values of type JSON are taken from it. */
  variablesText: string | undefined;
  /** The results of the stream that the request has opened. */
  results: Results | undefined;
  /** `messages` sets this if its stream has heartbeats. The connection then needs no comments to stay open. */
  heartbeats: boolean;
}
