import { SignalboxError } from '../errors.ts';

interface Waiting {
  readonly enter: () => void;
  readonly refuse: (error: SignalboxError) => void;
}

/**
 * Runs one work at a time for each key. While it runs, only the newest work of that key waits. The one that waited
 * before is refused with `REPLACED`, because a newer one has taken its place.
 */
export class NewestTurn {
  readonly #waitTimeoutMs: number;
  /** The keys with work that runs, and the work that waits for it. */
  readonly #lines = new Map<string, Waiting | undefined>();

  /** `waitTimeoutMs`: work that waits for longer is refused with `UNAVAILABLE`. */
  constructor(waitTimeoutMs: number) {
    this.#waitTimeoutMs = waitTimeoutMs;
  }

  async run<Value>(key: string, work: () => Promise<Value>): Promise<Value> {
    if (this.#lines.has(key)) await this.#turn(key);
    else this.#lines.set(key, undefined);
    try {
      return await work();
    } finally {
      const next = this.#lines.get(key);
      if (next) next.enter();
      else this.#lines.delete(key);
    }
  }

  async #turn(key: string): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiting: Waiting = { enter: resolve, refuse: reject };
    this.#lines.get(key)?.refuse(new SignalboxError('REPLACED'));
    this.#lines.set(key, waiting);
    const timer = setTimeout(() => reject(new SignalboxError('UNAVAILABLE')), this.#waitTimeoutMs);
    try {
      await promise;
    } finally {
      clearTimeout(timer);
      if (this.#lines.get(key) === waiting) this.#lines.set(key, undefined);
    }
  }
}
