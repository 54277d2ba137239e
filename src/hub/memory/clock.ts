import type { Cursor } from '../hub.ts';

/**
 * Gives every entry its cursor. It is a hybrid clock: it follows the time in microseconds, and always increases,
 * even if the machine's clock stands still or is set back.
 */
export class Clock {
  #last = 0;

  /** The last cursor given, as a number. This hub made no message with a larger one. */
  get last(): number {
    return this.#last;
  }

  next(): Cursor {
    this.#last = Math.max(this.#last + 1, Date.now() * 1000);
    return String(this.#last);
  }
}
