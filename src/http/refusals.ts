import type { Logger } from 'pino';
import type { Monitor } from '../monitor.ts';
import { Sampled } from '../sampled.ts';

type Level = 'info' | 'warn';

/**
 * Logs refused requests and cut connections. Clients can cause these as often as they like. So each kind has one line
 * at once, and then at most one a second, with a `count`.
 */
export class Refusals {
  readonly #log: Logger;
  readonly #monitor: Monitor | undefined;
  readonly #kinds = new Map<string, Sampled<void>>();

  constructor(log: Logger, monitor?: Monitor) {
    this.#log = log;
    this.#monitor = monitor;
  }

  /** `message` and `reason` make the kind: give only texts of a fixed set. */
  note(level: Level, message: string, reason: string): void {
    this.#monitor?.refused(message, reason);
    const kind = `${message} ${reason}`;
    let sampled = this.#kinds.get(kind);
    if (!sampled) {
      sampled = new Sampled((count) => this.#log[level]({ reason, count }, message));
      this.#kinds.set(kind, sampled);
    }
    sampled.note();
  }

  /** Logs the lines that wait. */
  close(): void {
    for (const sampled of this.#kinds.values()) sampled.close();
  }
}
