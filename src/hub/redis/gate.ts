import { SignalboxError } from '../../errors.ts';

interface Waiting {
  readonly enter: () => void;
  readonly timer: NodeJS.Timeout;
}

/** Lets so much work be under way at a time. The rest waits for its turn, in order, and not for long. */
export class Gate {
  readonly #atOnce: number;
  readonly #waitMs: number;
  readonly #waiting = new Set<Waiting>();
  #underWay = 0;

  constructor(atOnce: number, waitMs: number) {
    this.#atOnce = atOnce;
    this.#waitMs = waitMs;
  }

  /** Does the work when its turn has come. Rejects with UNAVAILABLE where that takes too long. */
  async through<Value>(work: () => Promise<Value>): Promise<Value> {
    if (this.#underWay < this.#atOnce) this.#underWay += 1;
    else await this.#turn();
    try {
      return await work();
    } finally {
      this.#leave();
    }
  }

  /** Whoever leaves lets the next one in, in its own place. */
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
      }, this.#waitMs),
    };
    this.#waiting.add(waiting);
    return promise;
  }
}
