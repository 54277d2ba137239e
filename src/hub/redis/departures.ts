import type { Logger } from 'pino';
import { inBatches } from './batches.ts';
import type { Scripts } from './scripts.ts';

/** A stream that is gone. */
interface Departure {
  readonly peerId: string;
  /** When it was gone, as `performance.now` has it. */
  readonly at: number;
}

/** So many are told of at a time: all streams of a node may go in one instant. */
const atOnce = 64;
/** So many streams at a time are compared with what Redis knows. */
const comparedAtOnce = 200;

/** A node's streams that are gone, until Redis has been told, which may be away. */
export class Departures {
  readonly #scripts: Scripts;
  readonly #log: Logger;
  /** By the names of the streams. */
  readonly #untold = new Map<string, Departure>();
  #telling: Promise<void> | undefined;

  constructor(scripts: Scripts, log: Logger) {
    this.#scripts = scripts;
    this.#log = log;
  }

  /** A stream is gone now, or is found to be. */
  add(peerId: string, name: string): void {
    this.#untold.set(name, { peerId, at: performance.now() });
  }

  /**
   * Tells Redis of all, those too that are added meanwhile. Resolves when each was told, or when some could not
   * be: they are kept, to be told of another time.
   */
  tell(): Promise<void> {
    if (this.#untold.size === 0) return Promise.resolve();
    this.#telling ??= this.#tellAll();
    return this.#telling;
  }

  /**
   * Finds the streams that Redis takes for the node's and that it does not hold: Redis was told of their end and
   * has lost that with its last writes, or took late what the node had given up. Their sessions would else stay
   * for as long as the node lives (G4).
   */
  async discover(nodeId: string, holds: (name: string) => boolean): Promise<void> {
    let cursor = '0';
    do {
      const [next = '0', ...held] = (await this.#scripts.run(
        'held',
        nodeId,
        cursor,
        comparedAtOnce,
      )) as string[];
      for (let i = 0; i < held.length; i += 2) {
        const [peerId = '', name = ''] = held.slice(i, i + 2);
        if (!holds(name) && !this.#untold.has(name)) this.add(peerId, name);
      }
      cursor = next;
    } while (cursor !== '0');
  }

  async #tellAll(): Promise<void> {
    try {
      while (this.#untold.size > 0) await inBatches(this.#untold, atOnce, (each) => this.#tellOf(...each));
    } catch (error) {
      const reason = String(error);
      this.#log.debug(
        { reason, streams: this.#untold.size },
        'streams are gone, and Redis cannot be told now',
      );
    } finally {
      this.#telling = undefined;
    }
  }

  async #tellOf(name: string, { peerId, at }: Departure): Promise<number> {
    await this.#scripts.run('detach', peerId, name, Math.round(performance.now() - at));
    this.#untold.delete(name);
    return 0;
  }
}
