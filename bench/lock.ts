import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** Holds a lock on a file, with flock of util-linux, until it is disposed. Waits while another process holds it. */
export class Lock implements AsyncDisposable {
  readonly #release: () => Promise<void>;

  private constructor(release: () => Promise<void>) {
    this.#release = release;
  }

  static async take(file: string): Promise<Lock> {
    const child = spawn('flock', [file, '-c', 'echo held; cat'], { stdio: ['pipe', 'pipe', 'inherit'] });
    const exit = once(child, 'exit');
    const held = await Promise.race([once(child.stdout, 'data').then(() => true), exit.then(() => false)]);
    if (!held) throw new Error(`The lock ${file} cannot be taken.`);
    return new Lock(async () => {
      child.stdin.end();
      await exit;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#release();
  }
}
