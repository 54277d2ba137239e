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
  it('two nodes serve on a Redis with a password, and a wrong password stops the start', async () => {
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

  it('two nodes serve with a Redis user that has only the documented permissions', async () => {
    const redis = await redisWith();
    const admin = redis.client();
    const user = ['on', '>p@ss:w/rd', ...aclRules.join(' ').split(' ')];
    await admin.call('ACL', 'SETUSER', 'signalbox', ...user);
    await admin.call('ACL', 'SETUSER', 'default', 'off');
    const url = `redis://signalbox:p%40ss%3Aw%2Frd@127.0.0.1:${redis.port}`;
    const hubs = await nodesAt(url, { graceMs: 300 });
    await expectService(hubs);
    // The ACL log of Redis also lists refusals that the client hides.
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

  it('two nodes use only the database that the URL names', async () => {
    const redis = await redisWith();
    await expectService(await nodesAt(`${redis.url}/3`));
    expect(await redis.client().info('keyspace')).toMatch(/^# Keyspace\s+db3:\S+\s*$/);
    expect(await refusedStart(`${redis.url}/99`)).toMatch(/127\.0\.0\.1:\d+\/99 .*DB index/);
  });

  it('a URL of the wrong form stops the start with a line that names the right form', async () => {
    const redis = await redisWith('--cluster-enabled', 'yes', '--cluster-port', '0');
    expect(await refusedStart(redis.url)).toMatch(/it is a cluster node; write redis\+cluster/);
    const url = inject('redisUrl').replace('redis:', 'redis+cluster:');
    expect(await refusedStart(url)).toMatch(/nobody knows the primary .* cluster support disabled/);
  });

  describe('if Redis refuses writes', () => {
    it.each([
      ['OOM', { maxmemory: '1mb' }],
      ['NOREPLICAS', { 'min-replicas-to-write': '1' }],
    ])('a start fails with one line that quotes the refusal: %s', async (reason, settings) => {
      const redis = await redisWith();
      await redis.admin.config('SET', ...Object.entries(settings).flat());
      const line = await refusedStart(redis.url);
      expect(line).toMatch(new RegExp(`^Redis at 127\\.0\\.0\\.1:\\d+ cannot serve: ${reason} `));
    });

    it('G10: while Redis is full calls fail and streams stay, and calls succeed again once it has memory', async () => {
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
      expect(await ben.next(), 'its stream is still the same').toMatchObject({ event: 'after' });
      await bothReady(hubs);
      expect(await ann.beforeBarrier(ben, 'r'), 'no peer was announced').toEqual([]);
    });

    it('G10: while the primary is demoted to a replica calls fail and streams stay, until it is promoted again', async () => {
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
      expect(warnings, 'many refused calls cause no process warning').toEqual([]);
      await admin.replicaof('NO', 'ONE');
      await again(() => ann.relay('r', ben, 'after'));
      expect(await ben.next(), 'its stream is still the same').toMatchObject({ event: 'after' });
      await bothReady(hubs);
      expect(await ann.beforeBarrier(ben, 'r'), 'no peer was announced').toEqual([]);
    });
  });

  it('two nodes serve on a Redis with a latency of 600 ms', async () => {
    const redis = await redisWith();
    const wire = await startWire(redis.port);
    onTestFinished(() => wire.stop());
    wire.delayMs = 600;
    const hubs = await nodesAt(`redis://127.0.0.1:${wire.port}`);
    await expectService(hubs);
    await bothReady(hubs);
  });

  it('a node logs a warning if Redis may evict keys', async () => {
    const redis = await redisWith('--maxmemory', '64mb', '--maxmemory-policy', 'allkeys-lru');
    const lines: string[] = [];
    await nodesAt(redis.url, { log: (line) => lines.push(line) });
    expect(lines.filter((line) => line.includes('set maxmemory-policy noeviction'))).toHaveLength(2);
  });
}
