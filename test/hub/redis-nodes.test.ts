import { once } from 'node:events';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import { describe, expect, inject, it } from 'vitest';
import { Scripts } from '../../src/hub/redis/scripts/scripts.ts';
import { ClosedStreams } from '../../src/hub/redis/streams/closed-streams.ts';
import { beatMs, doorsToRedis, leaseMs } from './doors.ts';
import { defaultOptions, refusal } from './support.ts';

const graceMs = 5000;
/** The test and Redis share a clock. The work between two readings of it takes less than this. */
const marginMs = 500;

describe('RedisHub, its nodes and their beats', () => {
  const doors = doorsToRedis(graceMs);
  const { key, at, beat, open, silence } = doors;

  /** Tells Redis, as the peer's node does, that its stream closed `ageMs` ago. */
  function lose(peer: string, ageMs = 0): Promise<unknown> {
    return at('ours').detach(peer, `stream of ${peer}`, ageMs);
  }

  /** Milliseconds from now until the time that the sorted set holds for the member. */
  async function dueIn(set: 'nodes' | 'detached', member: string): Promise<number> {
    return Number(await doors.redis.zscore(key(set), member)) - Date.now();
  }

  /** How many dispatches the node was sent. */
  async function sent(node: string): Promise<number> {
    return Number(await doors.redis.hget(key(`node:${node}`), 'n'));
  }

  function expectAbout(ms: number, expected: number): void {
    expect(ms).toBeGreaterThan(expected - marginMs);
    expect(ms).toBeLessThan(expected + marginMs);
  }

  it('G3: a node that was given up gets the same new life from each later beat, in case an answer is lost', async () => {
    await beat('ours');
    const life = await beat('lost');
    expect(await beat('lost')).toBe(life);
    await silence(2 * leaseMs, 'lost');
    await beat('ours');
    const other = await beat('lost');
    expect(other).not.toBe(life);
    expect(await beat('lost'), 'the life that a lost answer would have given').toBe(other);
  });

  it('G3: a node that Redis has forgotten gets a new life with its next beat', async () => {
    const life = await beat('ours');
    await doors.redis.del(key('nodes'), key('node:ours'), key('seq'));
    expect(await beat('ours')).not.toBe(life);
  });

  it('G3: a node that comes back before all its sessions are detached finds a gap in its dispatches', async () => {
    await beat('ours');
    const life = await beat('lost');
    for (const peer of ['ann', 'ben', 'vic']) await open(peer, 'lost');
    await silence(2 * leaseMs, 'lost');
    const before = await sent('lost');
    await beat('ours', 1);
    expect(
      await doors.redis.scard(key('node-peers:lost')),
      'some sessions are not detached yet',
    ).toBeGreaterThan(0);
    expect(await beat('lost')).not.toBe(life);
    expect(await sent('lost'), 'the beat, and one dispatch that was never published').toBe(before + 2);
  });

  it('G3: the dispatch numbers of a node that comes back continue, so unread dispatches keep their place', async () => {
    await beat('ours');
    await beat('lost');
    await open('ann', 'lost');
    await silence(2 * leaseMs, 'lost');
    const before = await sent('lost');
    await beat('ours');
    expect(await doors.redis.zscore(key('nodes'), 'lost')).toBeNull();
    expect(
      await doors.redis.pttl(key('node:lost')),
      'the key of a node that never comes back expires after an hour',
    ).toBeLessThanOrEqual(3_600_000);
    await beat('lost');
    expect(await sent('lost')).toBeGreaterThan(before + 1);
    expect(await doors.redis.pttl(key('node:lost'))).toBeGreaterThan(86_400_000);
  });

  it('G4: an open from a connection that its node has replaced opens no stream', async () => {
    await beat('ours');
    const secondRedis = new Redis(inject('redisUrl'));
    const newer = new Scripts(secondRedis, doors.prefix, 'ours', { ...defaultOptions, graceMs });
    await secondRedis.ping();
    secondRedis.disconnect(true);
    await once(secondRedis, 'ready');
    await newer.beat({ beatMs, leaseMs, batch: 200, takeover: '', newestId: 0 });
    await expect(open('ann', 'ours')).rejects.toEqual(refusal('UNAVAILABLE'));
    expect(await doors.redis.exists(key('session:ann'))).toBe(0);
    await beat('ours');
    await expect(open('ann', 'ours'), 'a late beat from the old connection does not help').rejects.toThrow();
    secondRedis.disconnect();
  });

  it('G5: a sync finds that a stream was replaced only for a stream older than the one that Redis knows', async () => {
    await beat('ours');
    const { cursor: after, openedMs } = await open('ann', 'ours', 'present');
    const sync = (stream: string, opened: number) =>
      at('ours').sync({ peerId: 'ann', stream, after, openedMs: opened });
    const snapshot = { n: expect.any(Number), rooms: [], missed: [] };
    expect(await sync('present', openedMs)).toEqual({ kind: 'snapshot', snapshot });
    expect(await sync('older', openedMs - 1)).toEqual({ kind: 'replaced' });
    expect(await sync('newer', openedMs + 1)).toEqual({ kind: 'lost' });
  });

  it('G4: a stream that Redis counts as a node’s but the node does not hold is found and detached', async () => {
    await beat('ours');
    const names = Array.from({ length: 500 }, (_, i) => `peer${i}`);
    await Promise.all(names.map((name) => open(name, 'ours')));
    const closed = new ClosedStreams(at('ours'), pino({ level: 'silent' }));
    await closed.discover((name) => name === 'stream of peer7');
    await closed.tell();
    expect(await doors.redis.smembers(key('node-peers:ours'))).toEqual(['peer7']);
    expect(await doors.redis.zcard(key('detached'))).toBe(names.length - 1);
  });

  it('G4: the grace period begins when a stream is lost', async () => {
    await beat('ours');
    await open('ann', 'ours');
    expect(await doors.redis.zscore(key('detached'), 'ann')).toBeNull();
    await lose('ann');
    expectAbout(await dueIn('detached', 'ann'), graceMs);
  });

  it('G4: time in which no node could beat does not count towards a grace period', async () => {
    await beat('ours');
    await beat('theirs');
    for (const peer of ['ann', 'ben']) {
      await open(peer, 'ours');
      await lose(peer);
    }
    const outageMs = leaseMs - 100;
    const leftMs = 1000;
    // The stream of ann was lost long before.
    await doors.redis.zadd(key('detached'), Date.now() - outageMs + leftMs, 'ann');
    await silence(outageMs, 'ours', 'theirs');
    await beat('ours');
    expectAbout(await dueIn('nodes', 'theirs'), 0);
    expectAbout(await dueIn('detached', 'ann'), leftMs);
    expectAbout(await dueIn('detached', 'ben'), graceMs);
  });

  it('G4: an absent peer is removed after its grace period even if the beats of its node are slow', async () => {
    await beat('ours');
    await open('ann', 'ours');
    await lose('ann');
    for (let passedMs = 0; passedMs <= 4 * graceMs; passedMs += 2 * beatMs + 10) {
      await doors.redis.zincrby(key('detached'), -2 * beatMs - 10, 'ann');
      await silence(2 * beatMs + 10, 'ours');
      await beat('ours');
    }
    expect(await doors.redis.exists(key('session:ann'))).toBe(0);
  });

  it('G4: the grace period begins again if no node was left to measure the absence', async () => {
    await beat('ours');
    await open('ann', 'ours');
    await lose('ann');
    await at('ours').retire();
    await doors.redis.zadd(key('detached'), Date.now() - 60_000, 'ann');
    await beat('theirs');
    expectAbout(await dueIn('detached', 'ann'), graceMs);
  });

  it('G4: the grace period of a stream on a node that was given up begins when that node reports the loss', async () => {
    await beat('ours');
    await beat('lost');
    for (const peer of ['ann', 'ben', 'vic']) await open(peer, 'lost');
    const sinceMs = 2 * leaseMs - beatMs;
    // The streams were opened long ago.
    for (const peer of ['ann', 'ben', 'vic']) await doors.redis.hset(key(`session:${peer}`), 'opened', 0);
    await silence(2 * leaseMs, 'lost');
    await beat('ours');
    for (const peer of ['ann', 'ben', 'vic']) expectAbout(await dueIn('detached', peer), graceMs - sinceMs);
    await lose('ann', 1000);
    expectAbout(await dueIn('detached', 'ann'), graceMs - 1000);
    await lose('vic', graceMs);
    expectAbout(await dueIn('detached', 'vic'), graceMs - sinceMs);
    await open('ben', 'ours', 'another stream');
    // A node of an earlier version leaves this field behind.
    await doors.redis.hset(key('session:ben'), 'given_up', 'stream of ben');
    await lose('ben');
    expect(
      await doors.redis.zscore(key('detached'), 'ben'),
      'the session continues on another node',
    ).toBeNull();
  });

  it('G4: the grace period of a stream opened after the last beat of its node begins no earlier than its opening', async () => {
    await beat('ours');
    await beat('lost');
    await silence(2 * leaseMs, 'lost');
    await open('ann', 'lost');
    await beat('ours');
    expectAbout(await dueIn('detached', 'ann'), graceMs);
  });
});
