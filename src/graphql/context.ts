import type { Caller, Tokens } from '../auth/tokens.ts';
import type { Hub } from '../hub/hub.ts';
import type { Allowance } from './allowance.ts';

/** What every resolver works with: the parts that live as long as the process. */
export interface Services {
  readonly hub: Hub;
  readonly tokens: Tokens;
  readonly guestAccess: boolean;
  readonly maxDataBytes: number;
}

/** What came with one request beside its GraphQL. */
export interface Credentials {
  /** The bearer token, wherever it came from. Not checked yet. */
  readonly token?: string | undefined;
  /** The `Last-Event-ID` header. */
  readonly lastEventId?: string | undefined;
}

/** What the engine is told of the HTTP request that it answers. */
export interface RequestInfo {
  readonly method: 'GET' | 'POST';
  /** Whether the client takes an event stream, which a subscription needs. */
  readonly takesEvents: boolean;
  readonly credentials: Credentials;
}

/** What resolvers of a message's fields have: nothing that tells one stream from another. */
export interface MessageContext {
  /** Of the answer, or the event. */
  readonly allowance: Allowance;
}

export interface Context extends Services, RequestInfo, MessageContext {
  /** The one who calls. Throws UNAUTHENTICATED. Checked when first asked for: `access` needs no token. */
  caller(): Promise<Caller>;
  /** Set by `messages` where its stream brings heartbeats, so that the connection needs no other sign of life. */
  heartbeats: boolean;
}
