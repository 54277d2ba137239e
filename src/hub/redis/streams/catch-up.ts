import type { Logger } from 'pino';
import type { Monitor } from '../../../monitor.ts';
import type { Scripts } from '../scripts/scripts.ts';
import { inBatches } from './batches.ts';
import type { LocalStream } from './local-stream.ts';
import type { LocalStreams } from './local-streams.ts';

/** The most snapshots that are asked for at a time. */
const maxAtOnce = 64;
/** The most rounds in a row. If there still are streams that wait, the next beat begins again. */
const maxRounds = 8;

interface CatchUpOptions {
  readonly streams: LocalStreams;
  readonly scripts: Pick<Scripts, 'sync'>;
  /** Whether a snapshot can be used now. */
  readonly mayAsk: () => boolean;
  readonly log: Logger;
  readonly monitor?: Monitor | undefined;
}

/** Gets a snapshot for each stream that waits for one, because its node has missed dispatches (G3). */
export class CatchUp {
  readonly #options: CatchUpOptions;
  #running = false;

  constructor(options: CatchUpOptions) {
    this.#options = options;
  }

  /**
   * Resolves when no stream waits any more, or when it gives up: Redis fails, or dispatches are missed again and again.
   * The next beat then calls it again. If it is running already, that run takes the new streams too.
   */
  async run(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    try {
      // A stream needs another round if dispatches were missed while its snapshot was on its way.
      for (let round = 0; round < maxRounds && this.#options.mayAsk(); round++) {
        const { waiting } = this.#options.streams;
        if (waiting.length === 0) break;
        this.#options.monitor?.caughtUp(waiting.length);
        await inBatches(waiting, maxAtOnce, (stream) => this.#sync(stream));
      }
    } catch (error) {
      this.#options.log.warn({ reason: String(error) }, 'could not catch up; trying again');
    } finally {
      this.#running = false;
    }
  }

  /** Resolves to the size of the missed entries, in bytes. */
  async #sync(local: LocalStream): Promise<number> {
    const { streams, scripts } = this.#options;
    const { peerId, name, lastCursor: after, openedMs, stream } = local;
    const ticket = streams.begin(local);
    const synced = await scripts.sync({ peerId, stream: name, after, openedMs });
    if (stream.closed) return 0;
    switch (synced.kind) {
      case 'snapshot':
        ticket.settle(synced.snapshot);
        return synced.snapshot.missed.reduce((sum, { bytes }) => sum + bytes, 0);
      case 'replaced':
        local.replace();
        return 0;
      case 'lost':
        local.cut('hub');
        return 0;
    }
  }
}
