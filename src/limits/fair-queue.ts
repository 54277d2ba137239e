import { SignalboxError } from '../errors.ts';

interface Waiting {
  readonly enter: () => void;
  timer: NodeJS.Timeout;
}

interface Line {
  running: number;
  /** When waiting work of this line last began, as `performance.now` has it. */
  movedAt: number;
  readonly waiting: Set<Waiting>;
}

export interface FairQueueOptions {
  /** How much work may run at a time. */
  readonly maxRunning: number;
  /** How much work of one key may run at a time. */
  readonly maxRunningPerKey: number;
  /** How long work waits while its line does not move, in milliseconds, before it is refused. */
  readonly waitTimeoutMs: number;
  /** How long it waits in a line that moves. By default as long as in one that does not. */
  readonly maxWaitMs?: number;
  /** How much work of one key waits. More is refused at once. No bound by default. */
  readonly maxWaitingPerKey?: number;
}

/**
 * Bounds the work that runs at a time, and shares it fairly: keys take turns, and within one key the order of
 * arrival counts. So a key with a long line of work delays itself and no other key (G13).
 */
export class FairQueue {
  readonly #options: FairQueueOptions;
  /** The keys that have running or waiting work. The next work is of the first key that may start more. */
  readonly #lines = new Map<string, Line>();
  #running = 0;
  #waiting = 0;

  constructor(options: FairQueueOptions) {
    this.#options = options;
  }

  /**
   * Runs the work in its turn. Rejects with UNAVAILABLE if its turn does not come in time. The turn ends with the work,
   * or before that, when the work calls `endTurn`.
   */
  async run<Value>(key: string, work: (endTurn: () => void) => Promise<Value> | Value): Promise<Value> {
    const line = this.#lines.get(key) ?? { running: 0, movedAt: 0, waiting: new Set() };
    this.#lines.set(key, line);
    if (this.#isFree(line)) this.#start(line);
    else await this.#turn(key, line);
    let isOver = false;
    const endTurn = () => {
      if (isOver) return;
      isOver = true;
      line.running -= 1;
      this.#running -= 1;
      this.#forgetIfIdle(key, line);
      this.#next();
    };
    try {
      return await work(endTurn);
    } finally {
      endTurn();
    }
  }

  #isFree({ running }: Line): boolean {
    return this.#running < this.#options.maxRunning && running < this.#options.maxRunningPerKey;
  }

  #start(line: Line): void {
    line.running += 1;
    this.#running += 1;
  }

  #turn(key: string, line: Line): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const {
      waitTimeoutMs,
      maxWaitMs = waitTimeoutMs,
      maxWaitingPerKey = Number.POSITIVE_INFINITY,
    } = this.#options;
    if (line.waiting.size >= maxWaitingPerKey) throw new SignalboxError('UNAVAILABLE');
    const since = performance.now();
    const onTimeout = () => {
      const now = performance.now();
      const leftMs = Math.min(line.movedAt + waitTimeoutMs, since + maxWaitMs) - now;
      if (leftMs >= 1) {
        waiting.timer = setTimeout(onTimeout, leftMs);
        return;
      }
      line.waiting.delete(waiting);
      this.#waiting -= 1;
      this.#forgetIfIdle(key, line);
      reject(new SignalboxError('UNAVAILABLE'));
    };
    const waiting: Waiting = { enter: resolve, timer: setTimeout(onTimeout, waitTimeoutMs) };
    line.waiting.add(waiting);
    this.#waiting += 1;
    return promise;
  }

  /** Starts the oldest waiting work of the first key that may start more, and puts that key behind all others. */
  #next(): void {
    if (this.#waiting === 0) return;
    for (const [key, line] of this.#lines) {
      const [first] = line.waiting;
      if (!first || !this.#isFree(line)) continue;
      line.waiting.delete(first);
      this.#waiting -= 1;
      line.movedAt = performance.now();
      clearTimeout(first.timer);
      this.#start(line);
      this.#lines.delete(key);
      this.#lines.set(key, line);
      first.enter();
      return;
    }
  }

  #forgetIfIdle(key: string, line: Line): void {
    if (line.running === 0 && line.waiting.size === 0) this.#lines.delete(key);
  }
}
