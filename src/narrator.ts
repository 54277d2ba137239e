import type { Logger } from 'pino';

/** The most lines in a second. A page with a few peers stays below it; a load test does not. */
const maxLinesPerSecond = 20;

/** Tells a developer in the log what peers do. In each second, it counts what is beyond the most lines. */
export class Narrator {
  readonly #log: Logger;
  #told = 0;
  #more = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(log: Logger) {
    this.#log = log;
  }

  readonly tell = (line: string): void => {
    this.#timer ??= setTimeout(() => this.#beginSecond(), 1000).unref();
    if (this.#told < maxLinesPerSecond) {
      this.#told += 1;
      this.#log.info(line);
    } else {
      this.#more += 1;
    }
  };

  #beginSecond(): void {
    if (this.#more > 0) this.#log.info(`and ${this.#more} more in this second`);
    this.#told = 0;
    this.#more = 0;
    this.#timer = undefined;
  }
}
