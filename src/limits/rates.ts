/**
 * How much one peer, and one address, may ask of a node (G13). Each kind of cost has a token bucket: `burst` is
 * what it holds when full, `perSecond` is what flows in. An address may be an office or a proxy with many peers
 * behind it, so it has about 40 times a peer's share.
 */
export interface Rate {
  readonly burst: number;
  readonly perSecond: number;
}

export type Costs = Readonly<Record<Cost, Rate>>;

/**
 * - `operations`: root fields of GraphQL operations, and requests without an operation, such as malformed ones.
 * - `bytes`: bytes of `data` and `state` sent, each field of a request counted by itself.
 * - `messages`: messages that an operation sends to others: a broadcast to 50 members causes 49.
 * - `answers`: bytes of the answers that the operations ask for.
 * - `opens`: streams opened. A resume costs what it reads, so it counts like any other.
 * - `joins`: rooms joined. Every member hears of each join and leave.
 */
export type Cost = 'operations' | 'bytes' | 'messages' | 'answers' | 'opens' | 'joins';

const KiB = 1024;
const MiB = 1024 * KiB;

/**
 * A peer's share. It lets a mesh of 50 peers form at once: the last to join sends 49 offers and some 500
 * candidates, and each offer has 2–6 KB. `bytes` stays below the backlog of a stream (1 MiB), so that a sender is
 * limited before a reader that keeps up is cut.
 */
export const peerCosts: Costs = {
  operations: { burst: 1000, perSecond: 100 },
  bytes: { burst: 768 * KiB, perSecond: 128 * KiB },
  messages: { burst: 20_000, perSecond: 2000 },
  answers: { burst: 16 * MiB, perSecond: 1 * MiB },
  opens: { burst: 20, perSecond: 1 },
  joins: { burst: 64, perSecond: 2 },
};

/** An address's share: 40 peers' at their limits, or some hundreds of ordinary ones. */
export const addressCosts: Costs = {
  operations: { burst: 40_000, perSecond: 4000 },
  bytes: { burst: 16 * MiB, perSecond: 5 * MiB },
  messages: { burst: 400_000, perSecond: 40_000 },
  answers: { burst: 64 * MiB, perSecond: 16 * MiB },
  opens: { burst: 1000, perSecond: 100 },
  joins: { burst: 2000, perSecond: 100 },
};
