import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findProgram, libfaketime } from '../scripts/programs.ts';

/** The clock of the run's Redis processes, which can be set while they run. libfaketime reads it from a file. */
export class Clock {
  readonly #folder: string;
  readonly #library: string;
  #offsetSeconds = 0;

  private constructor(folder: string, library: string) {
    this.#folder = folder;
    this.#library = library;
  }

  static async start(): Promise<Clock> {
    const library = findProgram(libfaketime);
    if (!library) throw new Error('There is no libfaketime: run `npm test`, or set LIBFAKETIME_PATH.');
    const clock = new Clock(await mkdtemp(join(tmpdir(), 'signalbox-clock-')), library);
    await clock.#write();
    return clock;
  }

  /** The variables for the environment of a process that uses this clock. */
  get env(): Readonly<Record<string, string>> {
    return {
      // libc's own malloc comes first: jemalloc asks for the time before libfaketime can answer.
      LD_PRELOAD: `${this.#library}:libc.so.6`,
      FAKETIME_TIMESTAMP_FILE: this.#file,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    };
  }

  /** How far the clock is ahead of this machine's, in seconds. */
  get offsetSeconds(): number {
    return this.#offsetSeconds;
  }

  /** Sets the clock forward by that many seconds, or back if negative. */
  async step(seconds: number): Promise<void> {
    this.#offsetSeconds += seconds;
    await this.#write();
  }

  async stop(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }

  get #file(): string {
    return join(this.#folder, 'offset');
  }

  /** A process reads the file at any time, so the file changes at once. */
  async #write(): Promise<void> {
    const next = join(this.#folder, 'next');
    const sign = this.#offsetSeconds < 0 ? '-' : '+';
    await writeFile(next, `${sign}${Math.abs(this.#offsetSeconds)}\n`);
    await rename(next, this.#file);
  }
}
