import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { type RedisServer, startRedis } from '../test/support/redis.ts';
import { type Sentinels, startSentinels } from '../test/support/sentinel.ts';
import { until } from '../test/support/until.ts';

/** What is acknowledged is on disk: a Redis that is killed comes back with all of it. */
const durable = ['--appendonly', 'yes', '--appendfsync', 'always'];

/** So much of what a primary acknowledged last does not reach its replica, where the primary dies. */
const lostMs = 250;

/** A primary that waits for its turn on a busy machine is not to be taken for dead: nobody would know of it here. */
const downAfterMs = 1500;

/** So long there are two primaries after a handover. */
const dividedMs = 3000;

/** The Redis of a run: one that keeps its data on disk, or a primary and a replica behind sentinels. */
export class Backend {
  /** As `REDIS_URL` takes it. */
  readonly url: string;
  readonly #single: RedisServer | undefined;
  readonly #sentinels: Sentinels | undefined;

  private constructor(single: RedisServer | undefined, sentinels: Sentinels | undefined) {
    this.#single = single;
    this.#sentinels = sentinels;
    this.url = sentinels?.url ?? single?.url ?? '';
  }

  static async start(replicated: boolean): Promise<Backend> {
    if (!replicated) return new Backend(await startRedis({ args: durable }), undefined);
    const [password, sentinelPassword] = [secret(), secret()];
    return new Backend(undefined, await startSentinels({ password, sentinelPassword, downAfterMs }));
  }

  /** The Redis that serves now. */
  async primary(): Promise<RedisServer> {
    const server = this.#single ?? (await this.#sentinels?.primary());
    if (!server) throw new Error('There is one or the other.');
    return server;
  }

  /** Does something with a client of the Redis that serves now. */
  async ask<Value>(question: (redis: Redis) => Promise<Value>): Promise<Value> {
    return question((await this.primary()).admin);
  }

  /**
   * The primary dies, and its replica takes over without the last writes that were acknowledged. The one
   * that died comes back empty, and becomes the replica.
   */
  async crash(): Promise<void> {
    const [primary, replica] = await this.#pair();
    process.kill(replica.pid, 'SIGSTOP');
    try {
      // What lies in its socket it would still read: so it is cut off as well, and cannot come back.
      await this.ask((redis) => redis.call('CLIENT', 'KILL', 'TYPE', 'replica'));
      await pause(lostMs);
      await primary.kill();
    } finally {
      process.kill(replica.pid, 'SIGCONT');
    }
    await until(async () => (await this.primary()) === replica, 'the replica has taken over');
    await primary.restart();
    // The sentinels would have it so too, some seconds later.
    await this.#follow();
  }

  /**
   * The replica takes over from a primary that lives, as an operator has it. Until that one is made a replica
   * there are two primaries.
   */
  async handOver(): Promise<void> {
    const [, replica] = await this.#pair();
    try {
      // Sentinels that do not know yet how the replica is refuse, and are asked again.
      await until(async () => {
        if ((await this.primary()) !== replica) await this.#sentinels?.failOver();
        return true;
      }, 'the sentinels have led to the replica');
    } catch {
      // On a machine that is too busy they may never agree: then there is no handover.
      return this.#follow();
    }
    // The sentinels do it some ten seconds later, and not at all where, on a busy machine, it seems to be down
    // now and then.
    await pause(dividedMs);
    await this.#follow();
  }

  /** Makes the one that does not serve the replica of the one that does. Resolves when it is in step. */
  async #follow(): Promise<void> {
    await until(async () => {
      // On a busy machine the sentinels may change their minds meanwhile, and leave two replicas, say.
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
  }
}

function secret(): string {
  return randomBytes(12).toString('hex');
}
