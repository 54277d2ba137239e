/**
 * The limits of one peer and of one address at a node (G13). Each kind of cost has a token bucket: `burst` is how much
 * the full bucket holds, and `perSecond` is how much flows in. An address may be an office or a proxy with many peers
 * behind it, so it has a multiple of a peer's share.
 */
export interface Rate {
  readonly burst: number;
  readonly perSecond: number;
}

export type Costs = Readonly<Record<Cost, Rate>>;

/**
 * - `operations`: root fields of GraphQL operations, and requests without an operation, such as malformed ones.
 * - `bytes`: bytes of `data` and `state` sent, each field of a request counted by itself (see `bytesOfSend`).
 * - `messages`: messages that an operation sends to others: a broadcast to 50 members causes 49. A join counts
 *   twice, because its leave is sent to the same members.
 * - `answers`: bytes of the answers that the operations ask for.
 * - `opens`: streams opened. A guest's token counts as one more for its address.
 * - `joins`: rooms joined. Every member hears of each join and leave.
 */
export type Cost = 'operations' | 'bytes' | 'messages' | 'answers' | 'opens' | 'joins';

const KiB = 1024;
const MiB = 1024 * KiB;

/**
 * A peer's share.
 *
 * It lets a mesh of 50 peers form at once: the last to join sends 49 offers of 2 to 6 KB and some 500 candidates,
 * which are 0.5 MiB. `bytes` stops a sender before it harms its receivers (see `bytesOfSend`): its burst
 * is below the backlog of a stream (1 MiB and 2,048 entries), so no reader that keeps up is cut. And within the
 * default grace period, one sender cannot fill a log (2 MiB and 4,096 entries): 768 KiB and 15 times 80 KiB are less.
 */
export const peerCosts: Costs = {
  operations: { burst: 2000, perSecond: 200 },
  bytes: { burst: 768 * KiB, perSecond: 80 * KiB },
  messages: { burst: 20_000, perSecond: 2000 },
  answers: { burst: 8 * MiB, perSecond: 1 * MiB },
  opens: { burst: 20, perSecond: 1 },
  joins: { burst: 64, perSecond: 2 },
};

/**
 * An address's share. The bursts let a whole office come back at once, and a mesh of 50 form behind one address,
 * which takes 27,000 relays. The rates leave most of a node to others.
 */
export const addressCosts: Costs = {
  operations: { burst: 40_000, perSecond: 1000 },
  bytes: { burst: 32 * MiB, perSecond: 2 * MiB },
  messages: { burst: 200_000, perSecond: 20_000 },
  answers: { burst: 64 * MiB, perSecond: 8 * MiB },
  opens: { burst: 6000, perSecond: 200 },
  joins: { burst: 4000, perSecond: 100 },
};

/**
 * A body of this size takes about as long to parse as one operation takes to run, if it is all brackets. It is large
 * enough that whoever sends much `data` meets the limit of `bytes` first.
 */
const bodyBytesPerOperation = 4 * KiB;

/** The cost of parsing a body, in `operations`. A small body is included in its operation. */
export function operationsOfBody(bytes: number): number {
  return Math.floor(bytes / bodyBytesPerOperation);
}

/**
 * The cost of one send, in `bytes`: its size in memory, and at least an equal share of a log for each of the log's
 * entries. So many small entries cannot fill a log any sooner than a few large ones.
 */
export function bytesOfSend(heldBytes: number): number {
  return Math.max(512, heldBytes + 256);
}
