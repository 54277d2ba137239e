/**
 * How much is held for a peer that is behind, in a log that a resume reads or in the backlog of a
 * stream that does not drain. One batch is always taken whole, so that the entries of one join
 * stay together: what is held is at most this and one batch more.
 */
export interface Bounds {
  readonly entries: number;
  /** Of the entries' JSON. */
  readonly bytes: number;
}

/** Of a log. Some minutes of a busy call's signalling: an offer is 2–6 KB, a candidate 200 bytes. */
export const bounds: Bounds = { entries: 2048, bytes: 2 * 1024 * 1024 };

/**
 * Of a stream's backlog. Less than a log holds: a stream that is cut here has its whole backlog, and
 * what was on its way to the client, still in the log, so the client can go on (G3, G8).
 */
export const backlogBounds: Bounds = { entries: bounds.entries / 2, bytes: bounds.bytes / 2 };

/**
 * Of all peers in one room, with their states, in bytes of JSON. A joiner is told of all of them in one go, and so
 * are those who ask, so this is about what a join, an answer, and a message of Redis to a node may take: some
 * thirty milliseconds of Redis. It is five times what 1,000 peers need to show a name and whether they are muted.
 * Each peer may have an equal share of it in any case, so a room may come to twice as much.
 */
export function roomBytes(maxDataBytes: number): number {
  return Math.max(2 * 1024 * 1024, 4 * maxDataBytes);
}

export const roomsTooLarge =
  'Your rooms have more peers and states than fit into one answer: ask for one `room` at a time.';

/** For a resume that slow beats, or the clocks of two machines, make late. */
const retentionMarginMs = 10_000;

/**
 * How long a log keeps what is in it. A peer is absent for two grace periods at the most: a node that stands
 * still for nearly one does not serve it, and when it goes on and cuts the stream, a whole one begins (G3).
 */
export function retentionMs(graceMs: number): number {
  return 2 * graceMs + retentionMarginMs;
}
