/**
 * How much is held for a peer that is behind, be it in a log that a resume reads or in the backlog
 * of a stream that does not drain. One batch is always taken whole, so that the entries of one join
 * stay together: what is held is at most this and one batch more.
 */
export interface Bounds {
  readonly entries: number;
  /** Of the entries' JSON. */
  readonly bytes: number;
}

/** Some minutes of a busy call's signalling: an offer is 2–6 KB, a candidate 200 bytes. */
export const bounds: Bounds = { entries: 2048, bytes: 2 * 1024 * 1024 };

/** How long past the grace period a log is kept, for a resume that the clocks of two machines make late. */
export const retentionMarginMs = 10_000;
