import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findProgram, turnserver } from '../../scripts/programs.ts';
import { keep } from './children.ts';
import { freePort } from './redis.ts';
import { until } from './until.ts';

const deployed = new URL('../../deploy/turnserver.conf', import.meta.url);

/** What differs from a real deployment: coturn and its clients are on loopback, and nothing is outside the folder. */
function onLoopback(port: number, folder: string): string {
  return [
    `listening-port=${port}`,
    'listening-ip=127.0.0.1',
    'relay-ip=127.0.0.1',
    'allow-loopback-peers',
    'allowed-peer-ip=127.0.0.1',
    'verbose',
    `pidfile=${folder}/pid`,
    `userdb=${folder}/db`,
  ].join('\n');
}

/** A real coturn on loopback, with `deploy/turnserver.conf`. `await using` ends it with the test. */
export class Coturn {
  /** Its URL for TURN_URLS. */
  readonly url: string;
  readonly #folder: string;
  readonly #program: string;
  readonly #output: string[] = [];
  #child: ChildProcess | undefined;

  private constructor(port: number, folder: string, program: string) {
    this.url = `turn:127.0.0.1:${port}?transport=udp`;
    this.#folder = folder;
    this.#program = program;
  }

  /** Resolves when it listens. */
  static async start(secret: string): Promise<Coturn> {
    const program = findProgram(turnserver);
    if (!program) throw new Error('There is no coturn: run `npm test`, or set TURNSERVER_PATH.');
    const port = await freePort();
    const folder = await mkdtemp(join(tmpdir(), 'signalbox-coturn-'));
    const conf = (await readFile(deployed, 'utf8')).replace(/^listening-port=.*\n/m, '');
    await writeFile(
      join(folder, 'conf'),
      `${conf}\n${onLoopback(port, folder)}\nstatic-auth-secret=${secret}\n`,
      { mode: 0o600 },
    );
    const coturn = new Coturn(port, folder, program);
    await coturn.#run();
    return coturn;
  }

  /** All output so far. */
  output(): string {
    return this.#output.join('');
  }

  /** Kills the process, with all that it relays. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'close');
  }

  /** Starts it again on the same port. It knows nothing of what it relayed before. */
  async startAgain(): Promise<void> {
    await this.kill();
    await this.#run();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #run(): Promise<void> {
    const before = this.#output.length;
    const child = spawn(this.#program, ['-c', join(this.#folder, 'conf')], {
      stdio: ['ignore', 'pipe', 'pipe'],
      cwd: this.#folder,
    });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => this.#output.push(text));
    keep(child);
    const isUp = () => this.#output.slice(before).join('').includes('UDP listener opened on');
    await until(isUp, 'coturn listens').catch((cause) => {
      throw new Error(`coturn does not listen: ${this.output()}`, { cause });
    });
  }
}
