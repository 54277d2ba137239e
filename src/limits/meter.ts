import { LRUCache } from 'lru-cache';
import type { Cost, Costs, Rate } from './rates.ts';

interface Bucket {
  tokens: number;
  /** When `tokens` was last computed, in milliseconds of `now`. */
  at: number;
}

type Buckets = Partial<Record<Cost, Bucket>>;

/** How many peers or addresses to remember. Beyond this, the least recently seen one is forgotten. */
const maxMetered = 100_000;

/**
 * Token buckets, one for each kind of cost, for each peer or each address.
 *
 * A cost is often known only when the work is done (how many members a room has, how large an answer is). So a
 * bucket may fall below zero: the work that it pays for is done, and later work is refused until it has refilled.
 * One operation has bounds of its own, so the debt is bounded too.
 */
export class Meter {
  readonly #costs: Costs;
  readonly #factor: number;
  readonly #now: () => number;
  readonly #byKey = new LRUCache<string, Buckets>({ max: maxMetered });

  /** `factor` multiplies every rate of the table; 0 lets everything pass. `now` is in milliseconds. */
  constructor(costs: Costs, factor: number, now: () => number = () => performance.now()) {
    this.#costs = costs;
    this.#factor = factor;
    this.#now = now;
  }

  /** 0 if the key may go on. Otherwise the milliseconds until its bucket holds a token again. */
  waitMs(key: string, cost: Cost): number {
    if (this.#factor === 0) return 0;
    const bucket = this.#byKey.get(key)?.[cost];
    if (!bucket) return 0;
    const rate = this.#rate(cost);
    this.#refill(bucket, rate);
    return bucket.tokens > 0 ? 0 : Math.ceil(((1 - bucket.tokens) / rate.perSecond) * 1000);
  }

  /** Takes an amount from the key's bucket, which may fall below zero. */
  charge(key: string, cost: Cost, amount: number): void {
    if (this.#factor === 0 || amount <= 0) return;
    const rate = this.#rate(cost);
    let buckets = this.#byKey.get(key);
    if (!buckets) {
      buckets = {};
      this.#byKey.set(key, buckets);
    }
    buckets[cost] ??= { tokens: rate.burst, at: this.#now() };
    const bucket = buckets[cost];
    this.#refill(bucket, rate);
    bucket.tokens -= amount;
  }

  #rate(cost: Cost): Rate {
    const { burst, perSecond } = this.#costs[cost];
    return { burst: burst * this.#factor, perSecond: perSecond * this.#factor };
  }

  #refill(bucket: Bucket, { burst, perSecond }: Rate): void {
    const now = this.#now();
    bucket.tokens = Math.min(burst, bucket.tokens + ((now - bucket.at) / 1000) * perSecond);
    bucket.at = now;
  }
}
