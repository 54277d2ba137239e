import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { keep } from '../test/support/children.ts';
import type { Measured, Memory } from './measured.ts';
import type { Answers, Question } from './probe.ts';

const probe = new URL('probe.ts', import.meta.url).href;
const root = fileURLToPath(new URL('..', import.meta.url));

/** A process of Node.js that is measured. */
export class BenchNode implements Measured {
  readonly port: number;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.port = port;
  }

  /**
   * Runs a file; its path is relative to the root of this project. The file must write a line of JSON with
   * `"msg":"listening"` and its `url` to stdout. Resolves once it has. Throws if the process ends before. `nodeArgs`
   * are for Node.js itself.
   */
  static async start(
    file: string,
    env: Readonly<Record<string, string>>,
    nodeArgs: readonly string[] = [],
  ): Promise<BenchNode> {
    // All load comes from one address, and faster than any client may be.
    const noRates = { RATE_PEER: '0', RATE_ADDRESS: '0' };
    // The settings of the shell must not influence the measurement.
    const { PATH = '' } = process.env;
    const child = spawn(
      process.execPath,
      [...nodeArgs, '--expose-gc', '--import', probe, resolve(root, file)],
      {
        env: { PATH, NODE_ENV: 'production', PORT: '0', HOST: '127.0.0.1', ...noRates, ...env },
        stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
      },
    );
    keep(child);
    const { stdout } = child;
    if (!stdout) throw new Error(`${file} has no stdout.`);
    for await (const line of createInterface(stdout)) {
      if (!line.includes('"listening"')) continue;
      const { url } = JSON.parse(line) as { url: string };
      // Anything that a node writes after that is a warning or worse. Show it.
      stdout.on('data', (chunk: Buffer) => process.stderr.write(chunk));
      return new BenchNode(child, Number(new URL(url).port));
    }
    throw new Error(`${file} ended before it listened.`);
  }

  /** Whether the process has not ended. */
  get lives(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Asks the probe in the process. One question at a time. */
  async ask<Q extends Question>(question: Q): Promise<Answers[Q]> {
    this.#child.send(question);
    const [value] = await once(this.#child, 'message');
    return value as Answers[Q];
  }

  async cpuMicros(): Promise<number> {
    return (await this.ask('cpu')).cpuMicros;
  }

  memory(): Promise<Memory> {
    return this.ask('memory');
  }

  /** Halts the process until `goOn`. */
  halt(): void {
    this.#child.kill('SIGSTOP');
  }

  /** Ends the halt. */
  goOn(): void {
    this.#child.kill('SIGCONT');
  }

  async stop(): Promise<void> {
    if (!this.lives) return;
    const exit = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exit;
  }
}
