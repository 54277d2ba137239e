import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findProgram, nchanModule, nginx } from '../scripts/programs.ts';
import { keep } from '../test/support/children.ts';
import { freePort } from '../test/support/redis.ts';
import { until } from '../test/support/until.ts';
import type { Measured, Memory } from './measured.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

/** nginx as one process, with nchan. */
export class NginxNode implements Measured {
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #folder: string;

  private constructor(child: ChildProcess, port: number, folder: string) {
    this.#child = child;
    this.port = port;
    this.#folder = folder;
  }

  /** Whether this machine has nginx and the module. */
  static get isInstalled(): boolean {
    return findProgram(nginx) !== undefined && findProgram(nchanModule) !== undefined;
  }

  /** Runs a configuration, with the values in place of `{{MODULE}}`, `{{PORT}}` and `{{REDIS_URL}}`. */
  static async start(file: string, { REDIS_URL = '' }: Readonly<Record<string, string>>): Promise<NginxNode> {
    const program = findProgram(nginx);
    const module = findProgram(nchanModule);
    if (!program || !module) throw new Error('There is no nginx with nchan.');
    const folder = await mkdtemp(join(tmpdir(), 'signalbox-nginx-'));
    const port = await freePort();
    const values = { MODULE: module, PORT: `${port}`, REDIS_URL };
    const text = Object.entries(values).reduce(
      (filled, [name, value]) => filled.replaceAll(`{{${name}}}`, value),
      readFileSync(join(root, file), 'utf8'),
    );
    writeFileSync(join(folder, 'nginx.conf'), text);
    const child = spawn(program, ['-p', folder, '-c', 'nginx.conf', '-e', 'stderr'], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    keep(child);
    child.stderr?.on('data', (chunk: Buffer) => process.stderr.write(chunk));
    const node = new NginxNode(child, port, folder);
    await until(() => node.#accepts(), 'nginx with nchan accepts messages');
    return node;
  }

  async cpuMicros(): Promise<number> {
    // The time on a processor, in nanoseconds, then the time in its queue.
    const [nanos] = readFileSync(`/proc/${this.#child.pid}/schedstat`, 'utf8').split(' ');
    return Number(nanos) / 1000;
  }

  async memory(): Promise<Memory> {
    const status = readFileSync(`/proc/${this.#child.pid}/status`, 'utf8');
    const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(status) ?? [];
    return { rssBytes: Number(kilobytes) * 1024 };
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const exit = once(this.#child, 'exit');
      this.#child.kill('SIGKILL');
      await exit;
    }
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** Until nchan has its connection to Redis, it answers 503. */
  async #accepts(): Promise<boolean> {
    if (this.#child.exitCode !== null) throw new Error('nginx ended before it listened.');
    const url = `http://127.0.0.1:${this.port}/publish?channel=ready`;
    const { ok } = await fetch(url, { method: 'POST', body: 'ready' });
    return ok;
  }
}
