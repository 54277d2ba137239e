import type { Logger } from 'pino';
import type { Scripts } from '../scripts/scripts.ts';
import { inBatches } from './batches.ts';

interface ClosedStream {
  readonly peerId: string;
  /** When it closed, by `performance.now`. */
  readonly closedAt: number;
}

/** How many closed streams to report to Redis at a time. All streams of a node may close at once. */
const maxAtOnce = 64;
/** How many streams to compare with Redis at a time. */
const pageSize = 200;

/** The node's closed streams that Redis does not know of yet, for example because it is away. */
export class ClosedStreams {
  readonly #scripts: Scripts;
  readonly #log: Logger;
  /** By the names of the streams. */
  readonly #untold = new Map<string, ClosedStream>();
  #telling: Promise<void> | undefined;
  #suspected = false;

  constructor(scripts: Scripts, log: Logger) {
    this.#scripts = scripts;
    this.#log = log;
  }

  /** Adds a stream that has just closed, or that is found to be closed. */
  add(peerId: string, name: string): void {
    this.#untold.set(name, { peerId, closedAt: performance.now() });
  }

  /**
   * Reports all closed streams to Redis, including those that close meanwhile. Resolves when all are reported, or when
   * Redis fails: the rest is kept for the next call.
   */
  tell(): Promise<void> {
    if (this.#untold.size === 0) return Promise.resolve();
    this.#telling ??= this.#tellAll();
    return this.#telling;
  }

  /** Redis may know of streams that this node does not hold: see `reconcile`. */
  suspect(): void {
    this.#suspected = true;
  }

  /** After `suspect`: finds closed streams, and reports them. If Redis fails, the next call does it. Does not reject. */
  async reconcile(holds: (name: string) => boolean): Promise<void> {
    if (!this.#suspected) return;
    this.#suspected = false;
    try {
      await this.discover(holds);
    } catch (error) {
      this.#suspected = true;
      this.#log.warn({ reason: String(error) }, 'could not compare streams with Redis; trying again');
    }
    await this.tell();
  }

  /**
   * Finds the streams that Redis counts as this node's although the node does not hold them. Redis may have lost the
   * write that closed them, or opened them after the node stopped waiting. Unless they are reported, their sessions
   * never end (G4).
   */
  async discover(holds: (name: string) => boolean): Promise<void> {
    let page: string | undefined;
    do {
      const { streams, next } = await this.#scripts.heldStreams(pageSize, page);
      for (const { peerId, name } of streams) {
        if (!holds(name) && !this.#untold.has(name)) this.add(peerId, name);
      }
      page = next;
    } while (page !== undefined);
  }

  async #tellAll(): Promise<void> {
    try {
      while (this.#untold.size > 0) await inBatches(this.#untold, maxAtOnce, (each) => this.#tellOf(...each));
    } catch (error) {
      this.#log.debug(
        { reason: String(error), streams: this.#untold.size },
        'redis cannot be told of closed streams now',
      );
    } finally {
      this.#telling = undefined;
    }
  }

  async #tellOf(name: string, { peerId, closedAt }: ClosedStream): Promise<number> {
    await this.#scripts.detach(peerId, name, Math.round(performance.now() - closedAt));
    this.#untold.delete(name);
    return 0;
  }
}
