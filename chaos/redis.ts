import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { type RedisServer, startRedis } from '../test/support/redis.ts';
import { type Sentinels, startSentinels } from '../test/support/sentinel.ts';
import { until } from '../test/support/until.ts';
import { Clock } from './clock.ts';
import type { FarEnds } from './line.ts';

/** Every acknowledged write is on disk, so a Redis that is killed comes back with all its data. */
const durable = ['--appendonly', 'yes', '--appendfsync', 'always'];

/** In a crash, the writes that the primary acknowledges in its last milliseconds do not reach the replica. */
const lostMs = 250;

/** Sentinels must not take a primary for dead only because it waits for the CPU: that would be an unrecorded fault. */
const downAfterMs = 1500;

/** After a handover, two primaries exist for this long. */
const dividedMs = 3000;

/** The Redis of a run: either one that keeps its data on disk, or a primary and a replica behind sentinels. */
export class ChaosRedis {
  readonly #clock: Clock;
  readonly #single: RedisServer | undefined;
  readonly #sentinels: Sentinels | undefined;

  private constructor(clock: Clock, single: RedisServer | undefined, sentinels: Sentinels | undefined) {
    this.#clock = clock;
    this.#single = single;
    this.#sentinels = sentinels;
  }

  static async start(replicated: boolean): Promise<ChaosRedis> {
    const clock = await Clock.start();
    const { env } = clock;
    if (!replicated) return new ChaosRedis(clock, await startRedis({ args: durable, env }), undefined);
    const [password, sentinelPassword] = [randomSecret(), randomSecret()];
    const sentinels = await startSentinels({ password, sentinelPassword, downAfterMs, env });
    return new ChaosRedis(clock, undefined, sentinels);
  }

  /** The Redis that serves now. */
  async primary(): Promise<RedisServer> {
    const server = this.#single ?? (await this.#sentinels?.primary());
    if (!server) throw new Error('The sentinels name no primary.');
    return server;
  }

  /** Where the line of a node leads to. */
  get farEnds(): FarEnds {
    const sentinels = this.#sentinels;
    const urlOf = (port: number | undefined) => `redis://127.0.0.1:${port}`;
    return {
      servers: (sentinels?.servers ?? (this.#single ? [this.#single] : [])).map(({ port }) => port),
      sentinels: sentinels?.ports ?? [],
      urlBy: ([server], guides) => sentinels?.urlBy(guides) ?? urlOf(server),
    };
  }

  /** How far the clock of Redis is ahead of this machine's, in milliseconds. */
  get clockOffsetMs(): number {
    return this.#clock.offsetSeconds * 1000;
  }

  /** Sets the clock of Redis forward, or back if `seconds` is negative. Resolves when Redis goes by it. */
  async stepClock(seconds: number): Promise<void> {
    await this.#clock.step(seconds);
    await this.withClient((redis) =>
      until(async () => {
        const [now] = await redis.time();
        return Math.abs(Number(now) - Date.now() / 1000 - this.#clock.offsetSeconds) < 2;
      }, 'Redis goes by its new clock'),
    );
  }

  /** Calls `work` with a client of the Redis that serves now. */
  async withClient<Value>(work: (redis: Redis) => Promise<Value>): Promise<Value> {
    return work((await this.primary()).admin);
  }

  /**
   * The primary dies, and its replica takes over without the last acknowledged writes. The old primary comes back
   * empty and becomes the replica.
   */
  async crash(): Promise<void> {
    const [primary, replica] = await this.#pair();
    process.kill(replica.pid, 'SIGSTOP');
    try {
      // Cut the replica off as well: otherwise it would still read the writes that wait in its socket.
      await this.withClient((redis) => redis.call('CLIENT', 'KILL', 'TYPE', 'replica'));
      await sleep(lostMs);
      await primary.kill();
    } finally {
      process.kill(replica.pid, 'SIGCONT');
    }
    await until(async () => (await this.primary()) === replica, 'the replica has taken over');
    await primary.restart();
    // The sentinels would do the same some seconds later.
    await this.#repairReplication();
  }

  /**
   * The replica takes over from a primary that still lives, as if an operator had ordered it. Two primaries exist until
   * the old one becomes a replica.
   */
  async handOver(): Promise<void> {
    const [, replica] = await this.#pair();
    try {
      // Sentinels refuse as long as they do not know the state of the replica. Ask again.
      await until(async () => {
        if ((await this.primary()) !== replica) await this.#sentinels?.failOver();
        return true;
      }, 'the sentinels name the replica as primary');
    } catch {
      // On a machine that is too busy the sentinels may never agree. Then there is no handover.
      return this.#repairReplication();
    }
    // The sentinels would do it after some ten seconds, or not at all if, on a busy machine, the old primary seems
    // to be down from time to time.
    await sleep(dividedMs);
    await this.#repairReplication();
  }

  /** Makes the other Redis a replica of the one that serves. Resolves when the replica has all the data. */
  async #repairReplication(): Promise<void> {
    await until(async () => {
      // Read the pair each time: on a busy machine the sentinels may change their minds, and even leave two replicas.
      const [primary, replica] = await this.#pair();
      if ((await primary.primaryPort()) !== undefined) await primary.admin.replicaof('NO', 'ONE');
      if ((await replica.primaryPort()) !== primary.port)
        await replica.admin.replicaof('127.0.0.1', primary.port);
      return replica.isInStepWith(primary);
    }, 'the replica is in step');
  }

  async #pair(): Promise<readonly [primary: RedisServer, replica: RedisServer]> {
    const primary = await this.primary();
    const replica = this.#sentinels?.servers.find((server) => server !== primary);
    if (!replica) throw new Error('This Redis has no replica.');
    return [primary, replica];
  }

  async stop(): Promise<void> {
    await this.#single?.stop();
    await this.#sentinels?.stop();
    await this.#clock.stop();
  }
}

function randomSecret(): string {
  return randomBytes(12).toString('hex');
}
