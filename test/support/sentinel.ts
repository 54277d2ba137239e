import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { findProgram, redisServer } from '../../scripts/programs.ts';
import { keep } from './children.ts';
import { freePort, type RedisServer, startRedis, untilSays } from './redis.ts';
import { until } from './until.ts';

/** The name of the primary in the sentinels. */
export const primaryName = 'main';

export interface SentinelOptions {
  /** The password of Redis. */
  readonly password: string;
  readonly sentinelPassword: string;
  /** How long a primary is silent before a sentinel counts it as down, in milliseconds. 500 unless given. */
  readonly downAfterMs?: number;
  /** More variables of the environments of the primary and the replica. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts a primary, a replica and three sentinels on loopback. Two sentinels decide that a primary is down. */
export async function startSentinels(options: SentinelOptions): Promise<Sentinels> {
  const { password, env = {} } = options;
  const secrets = ['--masterauth', password, '--repl-timeout', '5'];
  const primary = await startRedis({ password, args: secrets, env });
  const replica = await startRedis({
    password,
    args: [...secrets, '--replicaof', '127.0.0.1', `${primary.port}`],
    env,
  });
  const sentinels = new Sentinels([primary, replica], options);
  try {
    for (let i = 0; i < 3; i++) await sentinels.add();
    await sentinels.agree();
    return sentinels;
  } catch (error) {
    await sentinels.stop();
    throw error;
  }
}

function toHosts(ports: readonly number[]): string {
  return ports.map((port) => `127.0.0.1:${port}`).join(',');
}

/** Starts one sentinel on loopback, with these lines in its configuration file. */
export async function startSentinel(lines: readonly string[]): Promise<Sentinel> {
  const folder = await mkdtemp(join(tmpdir(), 'signalbox-sentinel-'));
  const port = await freePort();
  const config = join(folder, 'sentinel.conf');
  await writeFile(config, [`port ${port}`, 'bind 127.0.0.1', `dir ${folder}`, ...lines, ''].join('\n'));
  const path = findProgram(redisServer);
  if (!path) throw new Error('There is no redis-server: run `npm test`, or set REDIS_SERVER_PATH.');
  const child = spawn(path, [config, '--sentinel'], { stdio: ['ignore', 'pipe', 'pipe'] });
  keep(child);
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) {
      const exit = once(child, 'exit');
      child.kill('SIGKILL');
      await exit;
    }
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await untilSays(child, '+monitor');
  } catch (error) {
    await stop();
    throw error;
  }
  return { port, stop };
}

export interface Sentinel {
  readonly port: number;
  stop(): Promise<void>;
}

export class Sentinels {
  readonly servers: readonly [RedisServer, RedisServer];
  readonly #options: SentinelOptions;
  readonly #sentinels: (Sentinel & { readonly client: Redis })[] = [];

  constructor(servers: readonly [RedisServer, RedisServer], options: SentinelOptions) {
    this.servers = servers;
    this.#options = options;
  }

  get ports(): readonly number[] {
    return this.#sentinels.map(({ port }) => port);
  }

  /** The hosts and ports of the sentinels, as in a URL. */
  get hosts(): string {
    return toHosts(this.ports);
  }

  get url(): string {
    return this.urlBy(this.ports);
  }

  /** The URL for clients that reach the sentinels by other ports. */
  urlBy(ports: readonly number[]): string {
    const { password, sentinelPassword } = this.#options;
    return `redis+sentinel://:${password}@${toHosts(ports)}/${primaryName}?sentinelPassword=${sentinelPassword}`;
  }

  /** Creates or changes an ACL user in all sentinels. */
  async allow(user: string, rules: readonly string[]): Promise<void> {
    for (const { client } of this.#sentinels) await client.call('ACL', 'SETUSER', user, ...rules);
  }

  /** The commands that sentinels refused for lack of a permission, from their ACL logs. */
  async refusals(): Promise<readonly unknown[]> {
    const logs = await Promise.all(this.#sentinels.map(({ client }) => client.call('ACL', 'LOG')));
    return logs.flat().filter((entry) => !JSON.stringify(entry).includes('"auth"'));
  }

  /** The server that the sentinels name as the primary. */
  async primary(): Promise<RedisServer> {
    const reply = (await this.#ask('GET-MASTER-ADDR-BY-NAME', primaryName)) as readonly [string, string];
    const server = this.servers.find(({ port }) => port === Number(reply[1]));
    if (!server) throw new Error(`The sentinels name an unknown primary: ${reply.join(':')}.`);
    return server;
  }

  /** Has the replica take over, as an operator would. Resolves when the sentinels name it as the primary. */
  async failOver(): Promise<void> {
    const before = await this.primary();
    await this.#ask('FAILOVER', primaryName);
    await until(async () => (await this.primary()) !== before, 'the replica has taken over');
  }

  /** Resolves when the sentinels know one another, and a replica that is in step. */
  async agree(): Promise<void> {
    await until(async () => {
      const [quorum, replicas] = await Promise.all([
        this.#ask('CKQUORUM', primaryName),
        this.#ask('REPLICAS', primaryName) as Promise<readonly (readonly string[])[]>,
      ]);
      const linked = replicas.some((replica) => {
        const value = (name: string) => replica[replica.indexOf(name) + 1];
        return value('master-link-status') === 'ok' && value('flags') === 'slave';
      });
      return String(quorum).startsWith('OK 3 ') && linked;
    }, 'the sentinels agree and a replica is in step');
  }

  /** Starts one more sentinel. */
  async add(): Promise<void> {
    const { password, sentinelPassword, downAfterMs = 500 } = this.#options;
    const sentinel = await startSentinel([
      `requirepass ${sentinelPassword}`,
      `sentinel sentinel-pass ${sentinelPassword}`,
      `sentinel monitor ${primaryName} 127.0.0.1 ${this.servers[0].port} 2`,
      `sentinel auth-pass ${primaryName} ${password}`,
      `sentinel down-after-milliseconds ${primaryName} ${downAfterMs}`,
      `sentinel failover-timeout ${primaryName} 2000`,
    ]);
    const { port } = sentinel;
    const client = new Redis({
      host: '127.0.0.1',
      port,
      password: sentinelPassword,
      enableReadyCheck: false,
    });
    client.on('error', () => undefined);
    this.#sentinels.push({ ...sentinel, client });
  }

  async stop(): Promise<void> {
    for (const { client, stop } of this.#sentinels) {
      client.disconnect();
      await stop();
    }
    for (const server of this.servers) await server.stop();
  }

  async #ask(command: string, ...args: readonly string[]): Promise<unknown> {
    const [first] = this.#sentinels;
    if (!first) throw new Error('There is no sentinel yet.');
    return first.client.call('SENTINEL', command, ...args);
  }
}
