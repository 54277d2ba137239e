import type { EntryId } from '../hub.ts';

/**
 * Gives every entry its id: a hybrid clock, which follows the time in microseconds and never stands
 * still or goes back, whatever the machine's clock does.
 */
export class Clock {
  #last = 0;

  /** The last id given, as a number. No entry that this hub vouches for has a larger one. */
  get last(): number {
    return this.#last;
  }

  next(): EntryId {
    this.#last = Math.max(this.#last + 1, Date.now() * 1000);
    return String(this.#last);
  }
}
