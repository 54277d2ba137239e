import type { Identity } from './api.ts';
import type { SignalboxError } from './types.ts';

/**
 * - `connecting`: a stream is being opened.
 * - `connected`: a new session has begun. The rooms are entered anew.
 * - `resumed`: the session goes on, and nothing was missed.
 * - `renewed`: the token was renewed.
 * - `unavailable`: the server cannot be reached or cannot serve. The client goes on trying.
 * - `replaced`: another stream of the same peer was opened. The client has stopped: call `connect` again to take over.
 * - `closed`: the client has stopped, by `close` or because the server refused it for good (see `error`).
 */
export type Status =
  | 'connecting'
  | 'connected'
  | 'resumed'
  | 'renewed'
  | 'unavailable'
  | 'replaced'
  | 'closed';

export interface BoxEvents {
  status: [status: Status];
  /** The server has refused the client for good, or one of its rooms (see the room's event `closed`). */
  error: [error: SignalboxError];
}

export type Options = Identity & {
  /** After this time without a byte, the connection counts as dead, in milliseconds. 40,000 by default. */
  readonly silenceMs?: number;
  /** The wait before attempt `n` (from 0), in milliseconds. By default none, then up to 8 s with a random part. */
  readonly retryMs?: (attempt: number) => number;
  /**
   * If no event comes for this long after a stream was opened, the network holds streams back: the client polls. In
   * milliseconds; 5,000 by default.
   */
  readonly patienceMs?: number;
  /** STUN and TURN servers for the mesh. By default, the client asks the server for them. */
  readonly iceServers?: readonly RTCIceServer[];
  /** `relay`: the mesh uses TURN servers only, so other peers do not learn this client's address. `all` by default. */
  readonly iceTransportPolicy?: RTCIceTransportPolicy;
};

export const defaultSilenceMs = 40_000;
export const defaultPatienceMs = 5000;
const maxRetryMs = 8000;

export function defaultRetryMs(attempt: number): number {
  const ceiling = Math.min(maxRetryMs, 250 * 2 ** attempt);
  return ceiling / 2 + (Math.random() * ceiling) / 2;
}
