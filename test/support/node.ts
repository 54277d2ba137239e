import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { keep } from './children.ts';

const bin = fileURLToPath(new URL('../../bin/signalbox.js', import.meta.url));

/** What the tests' nodes sign tokens with, unless told otherwise. */
export const tokenSecret = 'a secret for tests, of 32 bytes or more';

export interface NodeOptions {
  /** Its settings. An empty one counts as absent. PORT is 0 unless given. */
  readonly env?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
  /** Of Node itself, such as `--import`. */
  readonly nodeArgs?: readonly string[];
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** One real server process: `bin/signalbox.js`. `await using` ends it with the test. */
export class NodeProcess {
  readonly pid: number;
  /** Resolves when it has ended, and all it wrote is in `output()`. */
  readonly exited: Promise<Exit>;
  readonly #child: ChildProcess;
  readonly #stdout: string[] = [];
  readonly #stderr: string[] = [];
  #url: string | undefined;

  constructor({ env, args = [], nodeArgs = [] }: NodeOptions = {}) {
    // Settings of the shell that the tests run in have no part in this.
    const { PATH = '', HOME = '' } = process.env;
    this.#child = spawn(process.execPath, [...nodeArgs, bin, ...args], {
      env: { PATH, HOME, NODE_ENV: 'test', PORT: '0', TOKEN_SECRET: tokenSecret, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => this.#stdout.push(text));
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => this.#stderr.push(text));
    if (this.#child.pid === undefined) throw new Error(`${process.execPath} cannot be started.`);
    this.pid = this.#child.pid;
    keep(this.#child);
    this.exited = once(this.#child, 'close').then(([code, signal]) => ({ code, signal }));
  }

  /** `http://localhost:<port>`. Throws where it has not said yet that it listens. */
  get url(): string {
    if (this.#url === undefined) throw new Error('This node does not listen.');
    return this.#url;
  }

  get stdout(): string {
    return this.#stdout.join('');
  }

  get stderr(): string {
    return this.#stderr.join('');
  }

  /** All that it has written so far. */
  output(): string {
    return this.stdout + this.stderr;
  }

  /** The lines of its log so far. What is no JSON (the banner) is left out. */
  log(): readonly Readonly<Record<string, unknown>>[] {
    const lines = this.stdout.split('\n').slice(0, -1);
    return lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line));
  }

  /** The first line of its log that says so. Throws where the node ends before. */
  async logged(msg: string): Promise<Readonly<Record<string, unknown>>> {
    const { promise, resolve } = Promise.withResolvers<Readonly<Record<string, unknown>>>();
    const look = () => {
      const line = this.log().find((entry) => entry.msg === msg);
      if (line) resolve(line);
    };
    this.#child.stdout?.on('data', look);
    look();
    const ended = this.exited.then(({ code, signal }) => {
      throw new Error(`The node ended (${code ?? signal}) before it logged "${msg}": ${this.output()}`);
    });
    try {
      return await Promise.race([promise, ended]);
    } finally {
      // It ends some time, and nobody waits for that here any more.
      ended.catch(() => undefined);
      this.#child.stdout?.off('data', look);
    }
  }

  async listening(): Promise<void> {
    const { url } = await this.logged('listening');
    this.#url = String(url);
  }

  /** Sends the signal, and resolves when the process has ended. */
  kill(signal: NodeJS.Signals = 'SIGTERM'): Promise<Exit> {
    this.#child.kill(signal);
    return this.exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill('SIGKILL');
  }
}

/** Starts a server on a free port. Resolves when it listens; throws with its output where it ends. */
export async function startNode(options: NodeOptions = {}): Promise<NodeProcess> {
  const node = new NodeProcess(options);
  await node.listening();
  return node;
}
