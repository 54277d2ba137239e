/**
 * The most that the hub keeps for a peer that is behind: in a log that a resume reads, or in the backlog of a
 * stream that does not drain. A batch is always taken whole, so that the entries of one join stay together. The
 * real maximum is therefore the bound plus one batch. Redis counts the entries of a log only now and then, so there it
 * is up to 32 entries more.
 */
export interface Bounds {
  readonly maxEntries: number;
  /** In bytes of the entries' JSON. */
  readonly maxBytes: number;
}

/**
 * The bounds of a log: enough for minutes of a busy call. An offer has 2–6 KB, a candidate 200 bytes. One sender
 * alone cannot fill a log within the default grace period: its rate is limited before (limits/rates.ts).
 */
export const logBounds: Bounds = { maxEntries: 4096, maxBytes: 2 * 1024 * 1024 };

/**
 * The bounds of a stream's backlog. They are smaller than a log's: when a stream is cut at its bound, the log
 * still has the whole backlog and the entries on their way to the client, so the client can resume (G3, G8).
 */
export const backlogBounds: Bounds = {
  maxEntries: logBounds.maxEntries / 2,
  maxBytes: logBounds.maxBytes / 2,
};

/**
 * The most bytes of JSON that all members of one room may take together. A joiner gets all of them at once, so
 * this bounds the cost of a join, a response, and a dispatch to a node: about 30 ms of Redis. 1,000 peers that
 * show a name and whether they are muted need a fifth of it. Each peer may always have an equal share, so a room can
 * reach twice the bound.
 */
export function maxRoomBytes(maxDataBytes: number): number {
  return Math.max(2 * 1024 * 1024, 4 * maxDataBytes);
}

/**
 * How many keys of sent messages a session remembers, with their receipts (G14). A client repeats what it got no answer
 * to: at most the fields of the few requests that are on their way, of which each has up to 20.
 */
export const maxReceipts = 256;

/** The message of `PAYLOAD_TOO_LARGE` if all rooms of a peer do not fit in one response. */
export const roomsTooLarge = 'Your rooms are too large for one response: ask for one `room` at a time.';

/** Allows for resumes that are late because beats are slow, or because the clocks of two machines differ. */
const retentionMarginMs = 10_000;

/**
 * How long a log keeps its entries, in milliseconds. A peer can resume after an absence of up to two grace
 * periods (G3): its node may halt for nearly one, and a new one begins when the node goes on and cuts the stream.
 */
export function retentionMs(graceMs: number): number {
  return 2 * graceMs + retentionMarginMs;
}

/**
 * How long keys in Redis live if no node keeps them, in milliseconds: after the last node has died, they are gone a day
 * later. That is longer than any outage of Redis or of all nodes that sessions should survive.
 */
export function keyLifeMs(graceMs: number): number {
  return 24 * 3_600_000 + retentionMs(graceMs);
}
