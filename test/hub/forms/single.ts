import { describe, expect, inject, it, onTestFinished } from 'vitest';
import { type RedisServer, startRedis } from '../../support/redis.ts';
import { startWire } from '../../support/wire.ts';
import { aclRules } from './acl.ts';
import {
  again,
  bothReady,
  expectService,
  expectUnavailable,
  nodesAt,
  noneReady,
  pairOn,
  refusedStart,
} from './support.ts';

async function redisWith(...args: readonly string[]): Promise<RedisServer> {
  const redis = await startRedis({ args });
  onTestFinished(() => redis.stop());
  return redis;
}

export function singleStories(): void {
  it('serves with a password', async () => {
    const redis = await startRedis({ password: 'hunter2' });
    onTestFinished(() => redis.stop());
    await expectService(await nodesAt(redis.url));
    const { port } = redis;
    for (const wrong of ['redis://:hunter3@', 'redis://me:hunter3@', 'redis://:hunter3%40%20@']) {
      const line = await refusedStart(`${wrong}127.0.0.1:${port}`, 'hunter3');
      expect(line).toMatch(/^Redis at 127\.0\.0\.1:\d+ cannot be reached: WRONGPASS /);
    }
    expect(await refusedStart(`redis://127.0.0.1:${port}`)).toMatch(/: NOAUTH /);
  });

  it('serves a user who may do no more than what the documentation says', async () => {
    const redis = await redisWith();
    const admin = redis.client();
    const user = ['on', '>p@ss:w/rd', ...aclRules.join(' ').split(' ')];
    await admin.call('ACL', 'SETUSER', 'signalbox', ...user);
    await admin.call('ACL', 'SETUSER', 'default', 'off');
    const url = `redis://signalbox:p%40ss%3Aw%2Frd@127.0.0.1:${redis.port}`;
    const hubs = await nodesAt(url, { graceMs: 300 });
    await expectService(hubs);
    // What Redis has refused is on its list, where the client would not have said.
    expect(await admin.call('ACL', 'LOG')).toEqual([]);
    const line = await refusedStart(url.replace('w%2Frd', 'hunter2'), 'hunter2');
    expect(line).toContain('WRONGPASS');
    await hubs[0].close();
    await hubs[1].close();
    for (const missing of ['eval', 'zadd']) {
      await admin.call('ACL', 'SETUSER', 'signalbox', `-${missing}`);
      expect(await refusedStart(url), missing).toMatch(
        /^Redis at 127\.0\.0\.1:\d+ cannot .*(?:NOPERM|can't run)/,
      );
      await admin.call('ACL', 'SETUSER', 'signalbox', `+${missing}`);
    }
  });

  it('keeps to the database that the URL names', async () => {
    const redis = await redisWith();
    await expectService(await nodesAt(`${redis.url}/3`));
    expect(await redis.client().info('keyspace')).toMatch(/^# Keyspace\s+db3:\S+\s*$/);
    expect(await refusedStart(`${redis.url}/99`)).toMatch(/127\.0\.0\.1:\d+\/99 .*DB index/);
  });

  it('says which form of URL is meant where it finds something else', async () => {
    const redis = await redisWith('--cluster-enabled', 'yes', '--cluster-port', '0');
    expect(await refusedStart(redis.url)).toMatch(/a node of a Cluster: write redis\+cluster/);
    const url = inject('redisUrl').replace('redis:', 'redis+cluster:');
    expect(await refusedStart(url)).toMatch(/nobody knows the primary .* cluster support disabled/);
  });

  describe('where it cannot write', () => {
    it.each([
      ['OOM', { maxmemory: '1mb' }],
      ['NOREPLICAS', { 'min-replicas-to-write': '1' }],
    ])('a start says so, in what Redis says: %s', async (reason, settings) => {
      const redis = await redisWith();
      await redis.admin.config('SET', ...Object.entries(settings).flat());
      const line = await refusedStart(redis.url);
      expect(line).toMatch(new RegExp(`^Redis at 127\\.0\\.0\\.1:\\d+ cannot serve: ${reason} `));
    });

    it('G10: a Redis that is full: calls fail, streams stay, and freed memory is all it takes', async () => {
      const redis = await redisWith();
      const hubs = await nodesAt(redis.url);
      const [ann, ben] = await pairOn(hubs);
      const admin = redis.client();
      await admin.config('SET', 'maxmemory', '1mb');
      await expectUnavailable(() => ann.relay('r', ben, 'too much'));
      await noneReady(hubs);
      await expectUnavailable(() => ann.setState('r', 'too much'));
      await admin.config('SET', 'maxmemory', '0');
      await again(() => ann.relay('r', ben, 'after'));
      expect(await ben.next(), 'its stream is the same').toMatchObject({ event: 'after' });
      await bothReady(hubs);
      expect(await ann.beforeBarrier(ben, 'r'), 'nobody was announced').toEqual([]);
    });

    it('G10: a primary that is made a replica: calls fail, streams stay, until it is a primary', async () => {
      const [redis, other] = [await redisWith(), await redisWith()];
      const lines: string[] = [];
      const hubs = await nodesAt(redis.url, { log: (line) => lines.push(line) });
      const [ann, ben] = await pairOn(hubs);
      const { admin } = redis;
      await other.follow(redis);
      await other.admin.replicaof('NO', 'ONE');
      const warnings: Error[] = [];
      const warn = (warning: Error) => void warnings.push(warning);
      process.on('warning', warn);
      onTestFinished(() => void process.off('warning', warn));
      await admin.replicaof('127.0.0.1', other.port);
      const refused = Array.from({ length: 20 }, () => ann.relay('r', ben, 'refused'));
      await Promise.all(refused.map((call) => expectUnavailable(() => call)));
      await noneReady(hubs);
      expect(lines.join('')).toContain('READONLY');
      expect(warnings, 'however many it refused').toEqual([]);
      await admin.replicaof('NO', 'ONE');
      await again(() => ann.relay('r', ben, 'after'));
      expect(await ben.next(), 'its stream is the same').toMatchObject({ event: 'after' });
      await bothReady(hubs);
      expect(await ann.beforeBarrier(ben, 'r'), 'nobody was announced').toEqual([]);
    });
  });

  it('serves a Redis that is far away', async () => {
    const redis = await redisWith();
    const wire = await startWire(redis.port);
    onTestFinished(() => wire.stop());
    wire.delayMs = 600;
    const hubs = await nodesAt(`redis://127.0.0.1:${wire.port}`);
    await expectService(hubs);
    await bothReady(hubs);
  });

  it('warns of a Redis that throws keys away', async () => {
    const redis = await redisWith('--maxmemory', '64mb', '--maxmemory-policy', 'allkeys-lru');
    const lines: string[] = [];
    await nodesAt(redis.url, { log: (line) => lines.push(line) });
    expect(lines.filter((line) => line.includes('set maxmemory-policy noeviction'))).toHaveLength(2);
  });
}
