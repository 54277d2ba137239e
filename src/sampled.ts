/**
 * Reports an event that anybody can cause, as often as he likes: the first one at once, and then, at most once an
 * interval, how many there were since, with the details of the last.
 */
export class Sampled<Details> {
  readonly #report: (count: number, last: Details) => void;
  readonly #intervalMs: number;
  #waiting: { count: number; last: Details } | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(report: (count: number, last: Details) => void, intervalMs = 1000) {
    this.#report = report;
    this.#intervalMs = intervalMs;
  }

  note(details: Details): void {
    if (this.#timer) {
      this.#waiting = { count: (this.#waiting?.count ?? 0) + 1, last: details };
      return;
    }
    this.#report(1, details);
    this.#wait();
  }

  /** Reports what waits. */
  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#flush();
  }

  #wait(): void {
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#flush()) this.#wait();
    }, this.#intervalMs).unref();
  }

  #flush(): boolean {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting) this.#report(waiting.count, waiting.last);
    return waiting !== undefined;
  }
}
