import { SignalboxError, unexpectedError } from './errors.ts';

/**
 * Takes note of what a node does, for its metrics. Every text comes from a fixed set, so that the number of series stays
 * small: no ids, no names. Without ADMIN_PORT a node has no monitor.
 */
export interface Monitor {
  /** A root field has run. `code`: that of its error, or `OK`. */
  operation(field: string, code: string, seconds: number): void;
  /** Redis has run a script, or has refused it. */
  script(name: string, code: string, seconds: number): void;
  /** A dispatch arrived. All that it caused to be written at once was written after this time. */
  dispatched(seconds: number): void;
  /** A stream was cut. */
  cut(reason: string): void;
  /** A peer or an address has used up one of its limits. */
  limited(whose: 'peer' | 'address', cost: string): void;
  /** A request was refused, or a connection closed, for lack of room. */
  refused(what: string, reason: string): void;
  /** A beat was taken by Redis, or failed. */
  beat(taken: boolean): void;
  /** Streams got a snapshot, because the node had missed dispatches. */
  caughtUp(streams: number): void;
}

/** What a hub holds at this moment, on this node. */
export interface Census {
  readonly streams: number;
  /** Rooms with a member whose stream is here; in memory, all rooms. */
  readonly rooms: number;
  /** Sessions whose streams are here; in memory, also those in their grace period. */
  readonly sessions: number;
  /** The memory of all that waits for clients to read it. */
  readonly backlogBytes: number;
}

/** Does the work. Tells the code of its error, or `OK`, and how many seconds it took. */
export async function measured<Result>(
  work: () => Result | Promise<Result>,
  tell: (code: string, seconds: number) => void,
): Promise<Result> {
  const begun = performance.now();
  let code = 'OK';
  try {
    return await work();
  } catch (error) {
    code = error instanceof SignalboxError ? error.code : unexpectedError.code;
    throw error;
  } finally {
    tell(code, (performance.now() - begun) / 1000);
  }
}
