import type { Connected, Receipt, Room, RoomMessage } from '../test/support/client.ts';
import type { FaultKind } from './schedule.ts';

/**
 * All that happened in a run, as its clients saw it. Times are wall-clock milliseconds of this machine;
 * ids are numbers, in microseconds of the same clock, so the two can be compared.
 */
export interface History {
  startedAt: number;
  readonly graceMs: number;
  readonly clients: ClientHistory[];
  readonly faults: FaultRecord[];
  /** What went wrong in the open: a node that ended by itself, or that logged an error. */
  readonly incidents: Incident[];
  calm?: Calm;
  /** Keys that were left when nobody was any more, and that are not among the lasting ones. */
  orphans: readonly string[];
  /** By how much this process was late at the worst, in milliseconds: what it measured may be so wrong. */
  lagMs: number;
}

/** A node that is silent for so long is given up by the others, in milliseconds. */
export function leaseOf({ graceMs }: Pick<History, 'graceMs'>): number {
  return graceMs / 2;
}

export interface FaultRecord {
  readonly kind: FaultKind;
  /** The node's number, or `redis`. */
  readonly target: number | 'redis';
  readonly from: number;
  /** When what was done is undone; undefined while it is not. */
  to?: number;
}

export interface Incident {
  readonly at: number;
  readonly what: string;
}

export interface ClientHistory {
  readonly id: string;
  readonly name: string;
  readonly attempts: Attempt[];
  readonly sessions: Session[];
  readonly calls: Call[];
  /** When it went for good. */
  goneAt?: number;
}

/** One attempt to open a stream. */
export interface Attempt {
  readonly node: number;
  readonly after: string | undefined;
  readonly startedAt: number;
  /** When `Connected` came. */
  connectedAt?: number;
  endedAt?: number;
  end?: StreamEnd;
}

/**
 * How a stream, or the attempt to open one, ended. `refused`: with an error before it began;
 * `not sent`: nobody was there to take the request; `unanswered`: it was given up, and may still have
 * its effect some time; `silent`: given up since no sign of life came; `dropped`: by the client's will.
 */
export interface StreamEnd {
  readonly how: 'complete' | 'cut' | 'dropped' | 'silent' | 'refused' | 'not sent' | 'unanswered';
  readonly code?: string | undefined;
  /** What of the wire's contract it broke. */
  readonly broken?: string | undefined;
}

/** What a client takes for one session: from a `Connected` with `resumed: false` on. */
export interface Session {
  readonly client: ClientHistory;
  readonly start: number;
  readonly openedBy: Attempt;
  readonly streams: StreamHistory[];
}

export interface StreamHistory {
  readonly attempt: Attempt;
  readonly connectedAt: number;
  readonly connected: Connected;
  readonly arrivals: Arrival[];
  /** When the last byte came. */
  lifeAt: number;
}

export interface Arrival {
  readonly id: number;
  readonly at: number;
  readonly message: RoomMessage;
}

/** What a call changes or asks. */
export type CallKind = 'join' | 'leave' | 'relay' | 'broadcast' | 'setState' | 'room';

export interface Call {
  readonly kind: CallKind;
  readonly node: number;
  readonly roomId: string;
  readonly to?: string | undefined;
  /** Counts the client's calls; it is in what is sent, and in a state. */
  readonly n: number;
  /** The client's session when it began. */
  readonly session: Session | undefined;
  readonly startedAt: number;
  endedAt: number;
  /** Whether the session was still the same when it ended. */
  sameSession: boolean;
  /** `unknown`: no answer, or UNAVAILABLE: it may have happened, may still, or may not. */
  outcome: 'ok' | 'refused' | 'unknown' | 'not sent';
  code?: string | undefined;
  /** The receipt's. */
  id?: number;
  status?: Receipt['status'];
  /** What `joinRoom` and `room` gave. */
  room?: Room | null;
}

/** What stood when all was calm. */
export interface Calm {
  /** All that was sent before has had the time to come. */
  readonly at: number;
  /** What did not become calm in time, in words. */
  readonly unrest: readonly string[];
  /** Those that are there, and the rooms that they are in. */
  readonly present: ReadonlyMap<ClientHistory, ReadonlySet<string>>;
  /** As Redis has them: room -> peer -> its state as JSON, in order of joining. */
  readonly stored: ReadonlyMap<string, ReadonlyMap<string, string>>;
  /** Peers that have a session in Redis. */
  readonly sessions: ReadonlySet<string>;
}

/** What is in a `Signal` of a run. */
export interface Load {
  readonly from: string;
  readonly n: number;
  readonly roomId: string;
  readonly to?: string;
}
