import { SignalboxError } from '../../../errors.ts';
import { commandTimeoutMs } from '../connect/connection.ts';
import type { Argument, Commands } from './commands.ts';
import { type Beaten, toBeaten } from './replies.ts';

/** A beat is repeated if another Redis answers than expected, or if Redis's clock was set. Both at once are rare. */
const maxRounds = 4;

/**
 * Sends a beat until it counts. Scripts cannot find out two things, so this does: which Redis process answers, and
 * whether Redis's clock was set since the last beat.
 */
export class BeatRounds {
  readonly #commands: Commands;
  /** The run id of the Redis at the other end of the present connection. Undefined: not asked yet. */
  #servedBy: string | undefined;
  /** The steady clock's time (lua/lib/clock.lua) in the reply to the last beat, and the time at which that was sent. */
  #told: { readonly steadyMs: number; readonly sentAt: number } | undefined;

  constructor(commands: Commands) {
    this.#commands = commands;
  }

  /** The connection is lost. The next one may be to another Redis. */
  disconnected(): void {
    this.#servedBy = undefined;
  }

  /** Sends a beat with these first arguments. Calls `taken` if another Redis than the expected one has answered. */
  async beat(first: readonly Argument[], taken: () => void): Promise<Beaten> {
    for (let round = 0; round < maxRounds; round++) {
      const sentAt = performance.now();
      const beaten = await this.#round(first, sentAt);
      if (!beaten) {
        taken();
        continue;
      }
      const { steadyMs, offsetMs, stepMs } = beaten;
      // A beat that took long to arrive looks as if the clock was set.
      const answered = performance.now() - sentAt <= commandTimeoutMs;
      if (stepMs === 0) {
        if (answered) this.#told = { steadyMs, sentAt };
        return beaten;
      }
      if (answered) await this.#commands.send('set_clock', [offsetMs, stepMs]);
    }
    throw new SignalboxError('UNAVAILABLE');
  }

  /**
   * Resolves to undefined if another Redis has run the beat than the one that the beat names. A proxy may change the
   * Redis behind an open connection. So the run id is asked right after each beat: it is that of the beat's Redis too.
   */
  async #round(first: readonly Argument[], sentAt: number): Promise<Beaten | undefined> {
    const run = this.#servedBy ?? (await this.#commands.runId());
    const { steadyMs = 0, sentAt: toldAt = sentAt } = this.#told ?? {};
    const sent = this.#commands.send('beat', [...first, run, steadyMs, Math.round(sentAt - toldAt)]);
    const [reply, answeredBy] = await Promise.all([sent, this.#commands.runId()]);
    this.#servedBy = answeredBy;
    return answeredBy === run ? toBeaten(run, reply) : undefined;
  }
}
