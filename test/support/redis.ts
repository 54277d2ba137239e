import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { Redis } from 'ioredis';
import { findProgram, redisServer } from '../../scripts/programs.ts';
import { keep } from './children.ts';
import { until } from './until.ts';

export interface RedisOptions {
  readonly password?: string;
  /** More arguments of redis-server, such as `['--appendonly', 'yes']`. */
  readonly args?: readonly string[];
  /** More variables of its environment. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A prefix that no other test uses, for a hub on the shared Redis. */
export function freshPrefix(): string {
  return `test-${randomUUID()}`;
}

/** Starts a Redis for one test, which by default keeps nothing on disk. Resolves when it answers. */
export async function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
  const folder = await mkdtemp(join(tmpdir(), 'signalbox-redis-'));
  // Another process may take the free port before Redis does, so try several ports.
  for (let attempt = 1; ; attempt++) {
    const server = new RedisServer(await freePort(), folder, options);
    try {
      await server.start();
      return server;
    } catch (error) {
      await server.kill();
      if (attempt < 5) continue;
      await server.stop();
      throw error;
    }
  }
}

/** A real redis-server process on loopback. */
export class RedisServer {
  readonly port: number;
  readonly url: string;
  readonly #folder: string;
  readonly #options: RedisOptions;
  readonly #clients = new Set<Redis>();
  #admin: Redis | undefined;
  #child: ChildProcess | undefined;

  constructor(port: number, folder: string, options: RedisOptions) {
    this.port = port;
    this.#folder = folder;
    this.#options = options;
    this.url = `redis://${options.password ? `:${options.password}@` : ''}127.0.0.1:${port}`;
  }

  /** The process id. Throws if the process does not run. */
  get pid(): number {
    if (this.#child?.pid === undefined) throw new Error('This Redis is not running.');
    return this.#child.pid;
  }

  /** A new client of this Redis. It reconnects after a restart, and `stop` closes it. */
  client(): Redis {
    const client = new Redis(this.url, { maxRetriesPerRequest: null });
    // Some tests break connections. Without a listener ioredis would print each error.
    client.on('error', () => undefined);
    this.#clients.add(client);
    return client;
  }

  /** The client for a test's own commands: the same each time. */
  get admin(): Redis {
    this.#admin ??= this.client();
    return this.#admin;
  }

  /** Makes this Redis a replica of `primary`. Resolves when it is in step. */
  async follow(primary: RedisServer): Promise<void> {
    await this.admin.replicaof('127.0.0.1', primary.port);
    await until(() => this.isInStepWith(primary), 'the replica is in step');
  }

  /** Whether this Redis is a replica of `primary`, and its link to it is up. */
  async isInStepWith(primary: RedisServer): Promise<boolean> {
    const info = await this.admin.info('replication');
    return info.includes('master_link_status:up') && info.includes(`master_port:${primary.port}`);
  }

  /** The port of its primary. Undefined if it is a primary itself. */
  async primaryPort(): Promise<number | undefined> {
    const [, port] = /^master_port:(\d+)/m.exec(await this.admin.info('replication')) ?? [];
    return port === undefined ? undefined : Number(port);
  }

  /** Kills the process and starts it again on the same port, with the data on disk or, if `empty`, with none. */
  async restart({ empty = false } = {}): Promise<void> {
    await this.kill();
    if (empty) {
      await rm(this.#folder, { recursive: true, force: true });
      await mkdir(this.#folder);
    }
    // Another process may hold the port for a moment.
    await until(async () => {
      await this.start();
      return true;
    }, 'Redis has started again');
  }

  /** Starts the process. Resolves when it answers. Rejects if the port is taken. */
  async start(): Promise<void> {
    const path = findProgram(redisServer);
    if (!path) throw new Error('There is no redis-server: run `npm test`, or set REDIS_SERVER_PATH.');
    const env = { ...process.env, ...this.#options.env };
    const child = spawn(path, this.#arguments(), { stdio: ['ignore', 'pipe', 'pipe'], env });
    keep(child);
    await untilSays(child, 'Ready to accept connections');
    this.#child = child;
    await this.#ping();
  }

  /** Kills the process with SIGKILL, as a crash would. Its clients keep trying to reconnect. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child) return;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, 'exit');
    child.kill('SIGKILL');
    await exit;
  }

  /** Kills the process, closes its clients and deletes its data. */
  async stop(): Promise<void> {
    for (const client of this.#clients) client.disconnect();
    this.#clients.clear();
    await this.kill();
    await rm(this.#folder, { recursive: true, force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #arguments(): readonly string[] {
    const { password, args = [] } = this.#options;
    return [
      ...['--port', `${this.port}`, '--bind', '127.0.0.1', '--dir', this.#folder],
      ...['--save', '', '--appendonly', 'no'],
      // By default a primary waits 5 s for more replicas before it sends its data to the first.
      ...['--repl-diskless-sync-delay', '0'],
      ...(password ? ['--requirepass', password] : []),
      ...args,
    ];
  }

  async #ping(): Promise<void> {
    const client = new Redis(this.url, { lazyConnect: true, retryStrategy: () => null });
    try {
      await client.connect();
      await client.ping();
    } finally {
      client.disconnect();
    }
  }
}

/** Resolves when the process writes these words. Throws with its output if it ends before. */
export async function untilSays(
  child: ChildProcessByStdio<null, Readable, Readable>,
  words: string,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let output = '';
  const read = (text: string) => {
    output += text;
    if (output.includes(words)) resolve();
  };
  const end = () => reject(new Error(`redis-server ended: ${output}`));
  child.stdout.setEncoding('utf8').on('data', read);
  child.stderr.setEncoding('utf8').on('data', read);
  child.once('close', end);
  try {
    await promise;
  } finally {
    child.off('close', end);
    // Its pipes are still emptied: a full one would stop it.
    child.stdout.off('data', read).resume();
    child.stderr.off('data', read).resume();
  }
}

/** A port of loopback that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (typeof address !== 'object' || !address) throw new Error('A TCP server has an address.');
  return address.port;
}
