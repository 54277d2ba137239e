import { SignalboxError } from '../../../errors.ts';

interface Waiting {
  readonly enter: () => void;
  readonly timer: NodeJS.Timeout;
}

/** Limits how much work is under way at a time. Other work waits for its turn, in order, up to a timeout. */
export class ConcurrencyLimit {
  readonly #maxAtOnce: number;
  readonly #turnTimeoutMs: number;
  readonly #waiting = new Set<Waiting>();
  #underWay = 0;

  constructor(maxAtOnce: number, turnTimeoutMs: number) {
    this.#maxAtOnce = maxAtOnce;
    this.#turnTimeoutMs = turnTimeoutMs;
  }

  /** Does the work when its turn comes. Rejects with UNAVAILABLE if that takes too long. */
  async through<Value>(work: () => Promise<Value>): Promise<Value> {
    if (this.#underWay < this.#maxAtOnce) this.#underWay += 1;
    else await this.#turn();
    try {
      return await work();
    } finally {
      this.#leave();
    }
  }

  /** The next in line takes the place that becomes free. */
  #leave(): void {
    const [next] = this.#waiting;
    if (!next) {
      this.#underWay -= 1;
      return;
    }
    this.#waiting.delete(next);
    clearTimeout(next.timer);
    next.enter();
  }

  #turn(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiting: Waiting = {
      enter: resolve,
      timer: setTimeout(() => {
        this.#waiting.delete(waiting);
        reject(new SignalboxError('UNAVAILABLE'));
      }, this.#turnTimeoutMs),
    };
    this.#waiting.add(waiting);
    return promise;
  }
}
