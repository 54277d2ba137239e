import { LRUCache } from 'lru-cache';
import type { Cost, Costs } from './rates.ts';

interface Bucket {
  tokens: number;
  /** When `tokens` was right, as `performance.now` has it. */
  at: number;
}

/** How many peers or addresses to remember. Beyond this, the least recently seen one is forgotten. */
const maxMetered = 100_000;

/**
 * The token buckets of one peer or one address: one bucket for each kind of cost.
 *
 * A cost is often known only when the work is done (how many members a room has, how large an answer is). So a
 * bucket may fall below zero. The work is then done all the same, and later work is refused until the bucket refills.
 * One operation has bounds of its own, so the debt is bounded too.
 */
export class Allowance {
  readonly #costs: Costs;
  readonly #now: () => number;
  readonly #buckets: Partial<Record<Cost, Bucket>> = {};

  constructor(costs: Costs, now: () => number) {
    this.#costs = costs;
    this.#now = now;
  }

  /** 0 if the next operation of this kind may go on; otherwise the milliseconds that it has to wait. */
  waitMs(cost: Cost): number {
    const bucket = this.#buckets[cost];
    if (!bucket || bucket.tokens > 0) return 0;
    this.#refill(cost, bucket);
    return bucket.tokens > 0 ? 0 : Math.ceil(((1 - bucket.tokens) / this.#costs[cost].perSecond) * 1000);
  }

  /** Takes an amount from the bucket, which may fall below zero. */
  charge(cost: Cost, amount: number): void {
    if (amount <= 0) return;
    const bucket = this.#buckets[cost];
    if (bucket) {
      this.#refill(cost, bucket);
      bucket.tokens -= amount;
    } else {
      this.#buckets[cost] = { tokens: this.#costs[cost].burst - amount, at: this.#now() };
    }
  }

  #refill(cost: Cost, bucket: Bucket): void {
    const { burst, perSecond } = this.#costs[cost];
    const now = this.#now();
    bucket.tokens = Math.min(burst, bucket.tokens + ((now - bucket.at) / 1000) * perSecond);
    bucket.at = now;
  }
}

/** The allowances of all peers, or of all addresses. */
export class Meter {
  readonly costs: Costs;
  readonly #now: () => number;
  readonly #byKey: LRUCache<string, Allowance> | undefined;

  /** `factor` multiplies every rate of the table; 0 lets everything pass. `now` is in milliseconds. */
  constructor(costs: Costs, factor: number, now: () => number = () => performance.now()) {
    this.costs = scaled(costs, factor);
    this.#now = now;
    if (factor > 0) this.#byKey = new LRUCache({ max: maxMetered });
  }

  /** The allowance of one peer or address. Undefined if nothing is metered. */
  of(key: string): Allowance | undefined {
    const allowances = this.#byKey;
    if (!allowances) return undefined;
    let allowance = allowances.get(key);
    if (!allowance) {
      allowance = new Allowance(this.costs, this.#now);
      allowances.set(key, allowance);
    }
    return allowance;
  }
}

function scaled(costs: Costs, factor: number): Costs {
  const entries = Object.entries(costs).map(([cost, { burst, perSecond }]) => [
    cost,
    { burst: burst * factor, perSecond: perSecond * factor },
  ]);
  return Object.fromEntries(entries) as Costs;
}
