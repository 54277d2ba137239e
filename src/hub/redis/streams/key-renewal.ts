import type { Logger } from 'pino';
import type { Scripts } from '../scripts/scripts.ts';
import type { LocalStreams } from './local-streams.ts';

/** How often the keys of a session are kept. They live for a day without that, so this may fail several times. */
const renewalMs = 4 * 3_600_000;
/** How many sessions are kept after a beat: enough for 180,000 streams. */
const maxRenewals = 10;

/** Keeps the keys of sessions from expiring while this node holds their streams. */
export class KeyRenewal {
  readonly #streams: LocalStreams;
  readonly #scripts: Pick<Scripts, 'renew'>;
  readonly #log: Logger;

  constructor(streams: LocalStreams, scripts: Pick<Scripts, 'renew'>, log: Logger) {
    this.#streams = streams;
    this.#scripts = scripts;
    this.#log = log;
  }

  /** Keeps those whose turn it is. To be called after each beat. Never rejects. */
  async run(): Promise<void> {
    const due = this.#streams.dueForRenewal(performance.now() - renewalMs, maxRenewals);
    if (due.length === 0) return;
    try {
      await this.#scripts.renew(due.map(({ peerId }) => peerId));
    } catch (error) {
      this.#log.debug({ reason: String(error) }, 'redis: could not keep keys; they are kept in some hours');
    }
  }
}
