/** What the API returns, as this client selects it. The schema describes each field. */
export interface PeerInfo {
  readonly id: string;
  readonly username: string;
  readonly guest: boolean;
}

/** Any JSON value. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

export interface MemberInfo {
  readonly peer: PeerInfo;
  readonly state: Json;
}

interface About<Type extends string> {
  readonly __typename: Type;
  readonly cursor: string;
  /** As in ISO 8601. */
  readonly sentAt: string;
}

interface InRoom<Type extends string> extends About<Type> {
  readonly roomId: string;
  readonly peer: PeerInfo;
}

export interface Connected extends About<'Connected'> {
  readonly resumed: boolean;
  readonly peer: PeerInfo;
  readonly rooms: readonly { readonly id: string; readonly members: readonly MemberInfo[] }[];
}

export interface PeerAdded extends InRoom<'PeerAdded'> {
  readonly state: Json;
  readonly offer: boolean;
}

export interface PeerChanged extends InRoom<'PeerChanged'> {
  readonly state: Json;
}

export type RemovalReason = 'LEFT' | 'DISCONNECTED' | 'REPLACED' | 'KICKED' | 'CLOSED';

export interface PeerRemoved extends InRoom<'PeerRemoved'> {
  readonly state: Json;
  readonly reason: RemovalReason;
}

export interface Signal extends InRoom<'Signal'> {
  readonly event: string;
  readonly data: Json;
}

export type RoomMessage = PeerAdded | PeerChanged | PeerRemoved | Signal;
export type Message = Connected | RoomMessage;

export interface Access {
  readonly token: string;
  readonly expiresAt: string;
  readonly peer: PeerInfo;
}

export interface Receipt {
  readonly cursor: string;
  readonly status: 'DELIVERED' | 'QUEUED';
}

export interface ErrorJson {
  readonly message: string;
  readonly path?: readonly (string | number)[];
  readonly extensions?: {
    readonly code?: string;
    readonly retryable?: boolean;
    readonly retryAfterMs?: number | undefined;
  };
}

/** A refusal by the server. `code` is one of the table in docs/protocol.md, or `NETWORK` if no answer came. */
export class SignalboxError extends Error {
  override readonly name = 'SignalboxError';
  readonly code: string;
  /** Whether the same call may succeed a little later. */
  readonly retryable: boolean;
  readonly retryAfterMs: number | undefined;
  /** Which field of the request was refused, if the server says so. */
  readonly path: ErrorJson['path'];

  constructor({ message, extensions = {}, path }: ErrorJson, options?: ErrorOptions) {
    super(message, options);
    this.code = extensions.code ?? 'UNKNOWN';
    this.retryable = extensions.retryable ?? false;
    this.retryAfterMs = extensions.retryAfterMs;
    this.path = path;
  }
}
