import type { Connected, Receipt, Room, RoomMessage } from '../test/support/client.ts';
import type { FaultKind } from './schedule.ts';

/**
 * Everything that happened in a run, as its clients saw it. Times are wall-clock milliseconds. Cursors are numbers, in
 * microseconds of the same clock (all processes share one machine), so cursors and times can be compared. If faults set
 * the clock of Redis, `undoClockSteps` has changed the cursors to what they would have been without.
 */
export interface History {
  startedAt: number;
  readonly graceMs: number;
  readonly clients: ClientHistory[];
  readonly faults: FaultRecord[];
  /** Errors of nodes that need no further judgement, such as a node that ended by itself. */
  readonly incidents: Incident[];
  calm?: Calm;
  /** Keys that remain in Redis after all clients have left, except those that are meant to stay. */
  leftoverKeys: readonly string[];
  /** The longest delay of this process's event loop, in milliseconds: times may be wrong by as much. */
  lagMs: number;
}

/** The other nodes give a node up if it has been silent for this long, in milliseconds. */
export function leaseOf({ graceMs }: Pick<History, 'graceMs'>): number {
  return graceMs / 2;
}

export interface FaultRecord {
  readonly kind: FaultKind;
  /** The node's number, or `redis`. */
  readonly target: number | 'redis';
  readonly from: number;
  /** When the fault was undone. Undefined while it lasts. */
  to?: number;
  /** How far the fault set the clock of Redis forward, in seconds; negative: back. */
  stepSeconds?: number;
  /** When Redis certainly went by its new clock. */
  steppedAt?: number;
}

export interface Incident {
  readonly at: number;
  readonly text: string;
}

export interface ClientHistory {
  /** The peer's id. */
  readonly id: string;
  readonly name: string;
  readonly attempts: Attempt[];
  readonly sessions: Session[];
  readonly calls: Call[];
  /** When the client went for good. */
  goneAt?: number;
}

/** One attempt to open a stream. */
export interface Attempt {
  readonly node: number;
  /** The cursor to resume from. */
  readonly after: string | undefined;
  readonly startedAt: number;
  /** When `Connected` arrived. */
  connectedAt?: number;
  endedAt?: number;
  end?: StreamEnd;
}

/**
 * How a stream, or the attempt to open one, ended.
 * - `complete`: the node sent `complete`.
 * - `cut`: the connection broke.
 * - `dropped`: the client closed the connection.
 * - `silent`: the client gave the stream up, because no byte arrived for too long.
 * - `refused`: the node answered with an error before the stream began.
 * - `not sent`: no process listened at the node's port.
 * - `unanswered`: the client gave the attempt up; it may still take effect later.
 */
export interface StreamEnd {
  readonly how: 'complete' | 'cut' | 'dropped' | 'silent' | 'refused' | 'not sent' | 'unanswered';
  readonly code?: string | undefined;
  /** How the node broke the event stream protocol. */
  readonly wireError?: string | undefined;
}

/** A session as its client knows it: it begins with a `Connected` that has `resumed: false`. */
export interface Session {
  readonly client: ClientHistory;
  /** The cursor of that `Connected`. */
  readonly startCursor: number;
  readonly openedBy: Attempt;
  readonly streams: StreamHistory[];
}

export interface StreamHistory {
  readonly attempt: Attempt;
  readonly connectedAt: number;
  readonly connected: Connected;
  readonly arrivals: Arrival[];
  lastByteAt: number;
}

/** A message that arrived on a stream after `Connected`. */
export interface Arrival {
  readonly cursor: number;
  readonly at: number;
  readonly message: RoomMessage;
}

export type CallKind = 'join' | 'leave' | 'relay' | 'broadcast' | 'setState' | 'room';

export interface Call {
  readonly kind: CallKind;
  readonly node: number;
  readonly roomId: string;
  /** The target of a relay. */
  readonly to?: string | undefined;
  /** The number of this call among the client's calls. The data of a signal, and a state, contain it. */
  readonly n: number;
  /** The client's session when the call began. */
  readonly session: Session | undefined;
  readonly startedAt: number;
  endedAt: number;
  /** Whether the client still had that session when the call ended. */
  sameSession: boolean;
  /** `unknown`: no answer, or UNAVAILABLE. Nobody knows whether the call took effect, or will do so later. */
  outcome: 'ok' | 'refused' | 'unknown' | 'not sent';
  code?: string | undefined;
  /** The cursor in the receipt of a relay or broadcast. */
  cursor?: number;
  status?: Receipt['status'];
  /** The result of `joinRoom` or `room`. */
  room?: Room | null;
}

/** The state at the end, when no faults happen any more and all messages have had time to arrive. */
export interface Calm {
  readonly at: number;
  /** In words: each thing that did not become calm in time. */
  readonly unsettled: readonly string[];
  /** The clients that have not gone, and the rooms that each wants to be in. */
  readonly present: ReadonlyMap<ClientHistory, ReadonlySet<string>>;
  /** From Redis: room -> peer -> its state as JSON, in order of joining. */
  readonly stored: ReadonlyMap<string, ReadonlyMap<string, string>>;
  /** The peers that have a session in Redis. */
  readonly sessions: ReadonlySet<string>;
}

/** The data of each signal that clients send. It identifies the call. */
export interface Load {
  readonly from: string;
  readonly n: number;
  readonly roomId: string;
  readonly to?: string;
}
