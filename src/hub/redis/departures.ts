import type { Logger } from 'pino';
import type { Scripts } from './scripts.ts';

/** A stream that is gone. */
interface Departure {
  readonly peerId: string;
  /** When it was gone, as `performance.now` has it. */
  readonly at: number;
  /** While Redis is being told. */
  telling: Promise<void> | undefined;
}

/** A node's streams that are gone, until Redis has been told, which may be away. */
export class Departures {
  readonly #scripts: Scripts;
  readonly #log: Logger;
  /** By the names of the streams. */
  readonly #untold = new Map<string, Departure>();

  constructor(scripts: Scripts, log: Logger) {
    this.#scripts = scripts;
    this.#log = log;
  }

  /** Whether the stream is one that Redis is still to be told of. */
  has(name: string): boolean {
    return this.#untold.has(name);
  }

  /** A stream is gone now, or is found to be. */
  add(peerId: string, name: string): void {
    this.#untold.set(name, { peerId, at: performance.now(), telling: undefined });
  }

  /**
   * Tells Redis of all. What fails is to be tried again. Resolves when each was told, or could not be.
   */
  async tell(): Promise<void> {
    for (const [name, departure] of this.#untold) {
      const { peerId, at } = departure;
      const age = Math.round(performance.now() - at);
      departure.telling ??= this.#scripts.run('detach', peerId, name, age).then(
        () => {
          this.#untold.delete(name);
        },
        (error: Error) => {
          departure.telling = undefined;
          this.#log.debug({ reason: error.message }, 'a stream is gone, which Redis cannot be told now');
        },
      );
    }
    await Promise.all(Array.from(this.#untold.values(), ({ telling }) => telling));
  }
}
