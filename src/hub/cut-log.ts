import type { Logger } from 'pino';
import type { Monitor } from '../monitor.ts';
import type { CutReason } from './stream.ts';

/**
 * Logs and counts the cuts of a node's streams, with their reason.
 *
 * A cut at the backlog is about one client, and is a line at info. Other cuts come many at a time: each is a line at
 * debug, and their number is one line at info. Old streams are cut all the time, so these cuts are only lines at debug.
 */
export class CutLog {
  readonly #log: Logger;
  readonly #monitor: Monitor | undefined;
  readonly #counts = new Map<CutReason, number>();

  constructor(log: Logger, monitor?: Monitor) {
    this.#log = log;
    this.#monitor = monitor;
  }

  /** Logs one cut. Does nothing without a reason: then the stream was closed in another way. */
  add(peer: string, reason: CutReason | undefined): void {
    if (reason === undefined) return;
    this.#monitor?.cut(reason);
    if (reason === 'backlog') {
      this.#log.info({ peer, reason }, 'stream cut');
      return;
    }
    this.#log.debug({ peer, reason }, 'stream cut');
    if (reason !== 'age') this.#counts.set(reason, (this.#counts.get(reason) ?? 0) + 1);
  }

  /** Logs how many streams were cut since the last call, for each reason that cuts many at a time. */
  summarize(): void {
    for (const [reason, streams] of this.#counts) this.#log.info({ streams, reason }, 'streams cut');
    this.#counts.clear();
  }
}
