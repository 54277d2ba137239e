import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { keep } from '../test/support/children.ts';
import type { Answers, Question } from './probe.ts';

const probe = new URL('probe.ts', import.meta.url).href;
const root = fileURLToPath(new URL('..', import.meta.url));

/** A server process that is measured: one of ours, or a baseline. */
export class BenchServer {
  readonly port: number;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.port = port;
  }

  /**
   * Starts a file, its path taken from the root of this project. It is to write a line of JSON with
   * `"msg":"listening"` and its `url` to its standard output. Resolves when it has. Throws where it
   * ends before.
   */
  static async start(file: string, env: Readonly<Record<string, string>>): Promise<BenchServer> {
    // Settings of the shell that the bench runs in have no part in this.
    const { PATH = '' } = process.env;
    const child = spawn(process.execPath, ['--expose-gc', '--import', probe, resolve(root, file)], {
      env: { PATH, NODE_ENV: 'production', PORT: '0', HOST: '127.0.0.1', ...env },
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    });
    keep(child);
    const { stdout } = child;
    if (!stdout) throw new Error(`${file} has no standard output.`);
    for await (const line of createInterface(stdout)) {
      if (!line.includes('"listening"')) continue;
      const { url } = JSON.parse(line) as { url: string };
      // What a server has to say after that is a warning or worse, and is wanted here.
      stdout.pipe(process.stderr);
      return new BenchServer(child, Number(new URL(url).port));
    }
    throw new Error(`${file} ended before it listened.`);
  }

  /** Asks the probe in it. One question at a time. */
  async ask<Q extends Question>(question: Q): Promise<Answers[Q]> {
    this.#child.send(question);
    const [value] = await once(this.#child, 'message');
    return value as Answers[Q];
  }

  async cpuMicros(): Promise<number> {
    return (await this.ask('cpu')).cpuMicros;
  }

  /** Has it stand still, until it is told to go on. */
  halt(): void {
    this.#child.kill('SIGSTOP');
  }

  goOn(): void {
    this.#child.kill('SIGCONT');
  }

  /** Ends it at once, as a crash would. */
  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exit = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exit;
  }
}
