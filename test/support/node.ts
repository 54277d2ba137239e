import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { keep } from './children.ts';

const bin = fileURLToPath(new URL('../../bin/signalbox.js', import.meta.url));

/** The tests' nodes limit no rates, unless a test sets them: all peers of a test have one address. */
const noRates = { RATE_PEER: '0', RATE_ADDRESS: '0' };

/** The TOKEN_SECRET of the tests' nodes, unless a test sets another. */
export const tokenSecret = 'a secret for tests: 32 bytes or more';

export interface NodeOptions {
  /** Settings as variables. An empty one counts as absent. PORT is 0 unless given. */
  readonly env?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
  /** The program to start in place of Node.js with `bin/signalbox.js`: npm, for example. */
  readonly command?: readonly [string, ...string[]];
  readonly cwd?: string;
  /** Arguments of Node.js itself, such as `--import`. */
  readonly nodeArgs?: readonly string[];
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** One node as a real process: `bin/signalbox.js`. `await using` ends it with the test. */
export class NodeProcess {
  readonly pid: number;
  /** Resolves when the process has ended, and all its output is in `output()`. */
  readonly exited: Promise<Exit>;
  readonly #child: ChildProcess;
  readonly #stdout: string[] = [];
  readonly #stderr: string[] = [];
  #url: string | undefined;

  constructor({ env, args = [], nodeArgs = [], command, cwd }: NodeOptions = {}) {
    // Settings in the environment of the tests must not reach the node.
    const { PATH = '', HOME = '' } = process.env;
    const [program, ...before] = command ?? [process.execPath, ...nodeArgs, bin];
    this.#child = spawn(program, [...before, ...args], {
      cwd,
      env: { PATH, HOME, NODE_ENV: 'test', PORT: '0', TOKEN_SECRET: tokenSecret, ...noRates, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => this.#stdout.push(text));
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => this.#stderr.push(text));
    if (this.#child.pid === undefined) throw new Error(`${program} cannot be started.`);
    this.pid = this.#child.pid;
    keep(this.#child);
    this.exited = once(this.#child, 'close').then(([code, signal]) => ({ code, signal }));
  }

  /** `http://localhost:<port>`. Throws until the node listens. */
  get url(): string {
    if (this.#url === undefined) throw new Error('This node does not listen yet.');
    return this.#url;
  }

  get stdout(): string {
    return this.#stdout.join('');
  }

  get stderr(): string {
    return this.#stderr.join('');
  }

  /** All output so far, stdout before stderr. */
  output(): string {
    return this.stdout + this.stderr;
  }

  /** The lines of the log so far. Lines that are not JSON are left out. */
  log(): readonly Readonly<Record<string, unknown>>[] {
    const lines = this.stdout.split('\n').slice(0, -1);
    return lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line));
  }

  /** Resolves to the first line of the log with this message. Throws if the node ends before. */
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
      // The node ends later, and this rejection then has no other handler.
      ended.catch(() => undefined);
      this.#child.stdout?.off('data', look);
    }
  }

  /** Resolves when the node listens. Throws if it ends before. */
  async listening(): Promise<void> {
    const { url } = await this.logged('listening');
    this.#url = String(url);
  }

  /** Closes both ends of the output that the test reads. */
  closeOutput(): void {
    this.#child.stdout?.destroy();
    this.#child.stderr?.destroy();
  }

  /** Stops reading the log. Returns the function that goes on. */
  holdOutput(): () => void {
    this.#child.stdout?.pause();
    return () => void this.#child.stdout?.resume();
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

/** Starts a node on a free port. Resolves when it listens. Throws with its output if it ends before. */
export async function startNode(options: NodeOptions = {}): Promise<NodeProcess> {
  const node = new NodeProcess(options);
  await node.listening();
  return node;
}
