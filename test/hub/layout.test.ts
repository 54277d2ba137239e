import { Redis } from 'ioredis';
import { expect, inject, it, onTestFinished } from 'vitest';
import { freshPrefix } from '../support/redis.ts';
import { until } from '../support/until.ts';
import { expectService, expectUnavailable, hubAt, nodesAt, pairOn } from './forms/support.ts';
import { TestPeer } from './peer.ts';

function client(): Redis {
  const redis = new Redis(inject('redisUrl'));
  onTestFinished(() => redis.disconnect());
  return redis;
}

it.each([
  ['a later version', (redis: Redis, key: string) => redis.hset(`${key}primary`, 'layout', '99'), '99'],
  ['0.1', (redis: Redis, key: string) => redis.hset(`${key}primary`, 'run', 'abc'), '1'],
  ['0.1, of which only the ids are left', (redis: Redis, key: string) => redis.set(`${key}seq`, '17'), '1'],
])('a node does not start on the data of %s, and its line says what to do', async (_, prepare, found) => {
  const redis = client();
  const prefix = freshPrefix();
  await prepare(redis, `{${prefix}}:`);
  const before = await redis.keys(`{${prefix}}:*`);
  const hub = hubAt(inject('redisUrl'), { prefix });
  await expect(hub.start()).rejects.toThrow(
    `Redis holds data of another version of Signalbox under the prefix "${prefix}": it has layout ${found}, and this version needs 4. Use another REDIS_PREFIX, or stop all nodes of the other version and delete the keys {${prefix}}:*.`,
  );
  expect(await redis.keys(`{${prefix}}:*`), 'it has written nothing').toEqual(before);
});

it('a node that serves and meets another layout says so once, is not ready and cuts its streams', async () => {
  const redis = client();
  const prefix = freshPrefix();
  const lines: string[] = [];
  const hub = hubAt(inject('redisUrl'), { prefix, log: (line) => lines.push(line) });
  onTestFinished(() => hub.close());
  await hub.start();
  const ann = new TestPeer([hub, hub], 'ann');
  await ann.open();
  await redis.hset(`{${prefix}}:primary`, 'layout', '99');
  expect(await ann.outcome()).toMatchObject({ name: 'AbortError' });
  expect(hub.ready()).toBe(false);
  await expectUnavailable(() => ann.rooms());
  // Two more beats.
  const before = await redis.hget(`{${prefix}}:primary`, 'oldest_kept');
  await new Promise((resolve) => setTimeout(resolve, 2000));
  expect(await redis.hget(`{${prefix}}:primary`, 'oldest_kept'), 'it changes nothing').toBe(before);
  const said = lines.filter((line) => line.includes('another version of Signalbox'));
  expect(said).toHaveLength(1);
  expect(said[0]).toContain('it has layout 99, and this version needs 4');

  await redis.hset(`{${prefix}}:primary`, 'layout', '4');
  await until(() => hub.ready(), 'the node is ready again');
});

it('nodes of one layout share a Redis', async () => {
  const hubs = await nodesAt(inject('redisUrl'));
  await expectService(hubs);
  await pairOn(hubs, 'again');
});
