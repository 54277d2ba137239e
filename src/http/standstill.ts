/** How often to look at the clock. */
const tickMs = 200;
/** A process that reads its connections in time never takes longer than this between two ticks. */
const standstillMs = 400;
/** How long a process may take to read what has waited for it meanwhile. If it has to pause again, it takes longer. */
const readingMs = 1000;

/**
 * Whether this process has just stood still: it was halted, or too busy to read its connections. Requests that it reads
 * then may be old, and their clients gone.
 */
export class Standstill {
  readonly #timer: NodeJS.Timeout;
  #tickedAt = performance.now();
  #until = 0;

  constructor() {
    this.#timer = setInterval(() => this.#tick(), tickMs).unref();
  }

  /** True from the end of a standstill until what waited for the process is read. */
  get recent(): boolean {
    const now = performance.now();
    // Connections are read before the timer fires.
    return now < this.#until || now - this.#tickedAt > standstillMs;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #tick(): void {
    const now = performance.now();
    if (now - this.#tickedAt > standstillMs) this.#until = now + readingMs;
    this.#tickedAt = now;
  }
}
