import { once } from 'node:events';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { Departures } from '../../src/hub/redis/departures.ts';
import { Scripts } from '../../src/hub/redis/scripts.ts';
import { freshPrefix } from '../support/redis.ts';
import { defaultOptions, refusal } from './support.ts';

const beatMs = 800;
const leaseMs = 2600;
const graceMs = 5000;
/** Scripts and the test have the same clock; what they do between two looks at it takes less than that. */
const marginMs = 500;

describe('beats, as Redis keeps account of them', () => {
  let redis: Redis;
  let prefix: string;
  let scripts: Scripts;
  beforeEach(() => {
    redis = new Redis(inject('redisUrl'));
    prefix = freshPrefix();
    scripts = new Scripts(redis, prefix, { ...defaultOptions, graceMs });
  });
  afterEach(() => redis.quit());

  const key = (name: string) => `{${prefix}}:${name}`;

  /** One beat, which looks after so many sessions. Resolves to the name of the node's life. */
  async function beat(node: string, batch = 200): Promise<string> {
    const [life] = (await scripts.beat(node, beatMs, leaseMs, batch, '', 0)) as [string];
    return life;
  }

  function open(peer: string, node: string, stream = `stream of ${peer}`): Promise<unknown> {
    return scripts.open(peer, JSON.stringify({ id: peer, username: peer }), node, stream, '');
  }

  /** The peer's node says that its stream is gone, and for how long. */
  function lose(peer: string, ageMs = 0): Promise<unknown> {
    return scripts.run('detach', peer, `stream of ${peer}`, ageMs);
  }

  /** As time does: the node's last beat was so long ago. */
  async function silence(forMs: number, ...nodes: string[]): Promise<void> {
    for (const node of nodes) await redis.zadd(key('nodes'), Date.now() - forMs, node);
  }

  /** When a number that Redis has under that name comes, seen from now, in milliseconds. */
  async function dueIn(set: 'nodes' | 'detached', member: string): Promise<number> {
    return Number(await redis.zscore(key(set), member)) - Date.now();
  }

  async function sent(node: string): Promise<number> {
    return Number(await redis.hget(key(`node:${node}`), 'n'));
  }

  function expectAbout(ms: number, expected: number): void {
    expect(ms).toBeGreaterThan(expected - marginMs);
    expect(ms).toBeLessThan(expected + marginMs);
  }

  it('G3: a node that was given up is told so by each beat, should the answer to one be lost', async () => {
    await beat('ours');
    const life = await beat('lost');
    expect(await beat('lost')).toBe(life);
    await silence(2 * leaseMs, 'lost');
    await beat('ours');
    const other = await beat('lost');
    expect(other).not.toBe(life);
    expect(await beat('lost'), 'the one that it would have had from the lost answer').toBe(other);
  });

  it('G3: so is a node of which Redis has lost all it knew', async () => {
    const life = await beat('ours');
    await redis.del(key('nodes'), key('node:ours'), key('seq'));
    expect(await beat('ours')).not.toBe(life);
  });

  it('G3: a node that is back before its last session was detached knows of a hole', async () => {
    await beat('ours');
    const life = await beat('lost');
    for (const peer of ['ann', 'ben', 'vic']) await open(peer, 'lost');
    await silence(2 * leaseMs, 'lost');
    const before = await sent('lost');
    await beat('ours', 1);
    expect(await redis.scard(key('node-peers:lost')), 'not all are detached').toBeGreaterThan(0);
    expect(await beat('lost')).not.toBe(life);
    expect(await sent('lost'), 'the beat, and one that never came').toBe(before + 2);
  });

  it('G3: a node that is back has its dispatches numbered on, for those that it has not read yet', async () => {
    await beat('ours');
    await beat('lost');
    await open('ann', 'lost');
    await silence(2 * leaseMs, 'lost');
    const before = await sent('lost');
    await beat('ours');
    expect(await redis.zscore(key('nodes'), 'lost')).toBeNull();
    expect(await redis.pttl(key('node:lost')), 'where it never comes back, nothing stays').toBeGreaterThan(0);
    await beat('lost');
    expect(await sent('lost')).toBeGreaterThan(before + 1);
    expect(await redis.pttl(key('node:lost'))).toBe(-1);
  });

  it('G4: what a node asked on a connection that it has given up opens no stream any more', async () => {
    await beat('ours');
    const redisToo = new Redis(inject('redisUrl'));
    const newer = new Scripts(redisToo, prefix, { ...defaultOptions, graceMs });
    await redisToo.ping();
    redisToo.disconnect(true);
    await once(redisToo, 'ready');
    await newer.beat('ours', beatMs, leaseMs, 200, '', 0);
    await expect(open('ann', 'ours')).rejects.toEqual(refusal('UNAVAILABLE'));
    expect(await redis.exists(key('session:ann'))).toBe(0);
    await beat('ours');
    await expect(open('ann', 'ours'), 'nor after a beat that was as late').rejects.toThrow();
    redisToo.disconnect();
  });

  it('G5: a stream is replaced by a newer one alone: of an older Redis has lost the newer', async () => {
    await beat('ours');
    const sync = (stream: string, openedMs: number) =>
      scripts.run('sync', 'ann', 'ours', stream, cursor, openedMs);
    const [, cursor = '', , openedMs = ''] = (await open('ann', 'ours', 'present')) as string[];
    expect(await sync('present', Number(openedMs))).toHaveLength(3);
    await expect(sync('older', Number(openedMs) - 1)).rejects.toEqual(refusal('REPLACED'));
    expect(await sync('newer', Number(openedMs) + 1)).toBeNull();
  });

  it('G4: a stream that Redis takes for a node’s, and that it does not hold, is found and let go of', async () => {
    await beat('ours');
    const names = Array.from({ length: 500 }, (_, i) => `peer${i}`);
    await Promise.all(names.map((name) => open(name, 'ours')));
    const departures = new Departures(scripts, pino({ level: 'silent' }));
    await departures.discover('ours', (name) => name === 'stream of peer7');
    await departures.tell();
    expect(await redis.smembers(key('node-peers:ours'))).toEqual(['peer7']);
    expect(await redis.zcard(key('detached'))).toBe(names.length - 1);
  });

  it('G4: grace begins when a stream is lost', async () => {
    await beat('ours');
    await open('ann', 'ours');
    expect(await redis.zscore(key('detached'), 'ann')).toBeNull();
    await lose('ann');
    expectAbout(await dueIn('detached', 'ann'), graceMs);
  });

  it('G4: the time in which no node could beat counts for nobody', async () => {
    await beat('ours');
    await beat('theirs');
    for (const peer of ['ann', 'ben']) {
      await open(peer, 'ours');
      await lose(peer);
    }
    const outageMs = leaseMs - 100;
    const leftMs = 1000;
    // As time does: it was lost long before.
    await redis.zadd(key('detached'), Date.now() - outageMs + leftMs, 'ann');
    await silence(outageMs, 'ours', 'theirs');
    await beat('ours');
    expectAbout(await dueIn('nodes', 'theirs'), 0);
    expectAbout(await dueIn('detached', 'ann'), leftMs);
    expectAbout(await dueIn('detached', 'ben'), graceMs);
  });

  it('G4: nor does a node whose beats are slow keep the absent from being announced', async () => {
    await beat('ours');
    await open('ann', 'ours');
    await lose('ann');
    for (let passedMs = 0; passedMs <= 4 * graceMs; passedMs += 2 * beatMs + 10) {
      await redis.zincrby(key('detached'), -2 * beatMs - 10, 'ann');
      await silence(2 * beatMs + 10, 'ours');
      await beat('ours');
    }
    expect(await redis.exists(key('session:ann'))).toBe(0);
  });

  it('G4: where no node is left to tell how long it was, grace begins again', async () => {
    await beat('ours');
    await open('ann', 'ours');
    await lose('ann');
    await scripts.run('retire', 'ours');
    await redis.zadd(key('detached'), Date.now() - 60_000, 'ann');
    await beat('theirs');
    expectAbout(await dueIn('detached', 'ann'), graceMs);
  });

  it('G4: a stream that was given up, and that its node still had, is lost when the node says so', async () => {
    await beat('ours');
    await beat('lost');
    for (const peer of ['ann', 'ben', 'vic']) await open(peer, 'lost');
    const sinceMs = 2 * leaseMs - beatMs;
    // As time does: they were opened long ago.
    for (const peer of ['ann', 'ben', 'vic']) await redis.hset(key(`session:${peer}`), 'opened', 0);
    await silence(2 * leaseMs, 'lost');
    await beat('ours');
    for (const peer of ['ann', 'ben', 'vic']) expectAbout(await dueIn('detached', peer), graceMs - sinceMs);
    await lose('ann', 1000);
    expectAbout(await dueIn('detached', 'ann'), graceMs - 1000);
    await lose('vic', graceMs);
    expectAbout(await dueIn('detached', 'vic'), graceMs - sinceMs);
    await open('ben', 'ours', 'another stream');
    // As a node of an earlier version leaves it.
    await redis.hset(key('session:ben'), 'given_up', 'stream of ben');
    await lose('ben');
    expect(await redis.zscore(key('detached'), 'ben'), 'it has gone on elsewhere').toBeNull();
  });

  it('G4: a stream that was opened after the last beat of its node was alive then', async () => {
    await beat('ours');
    await beat('lost');
    await silence(2 * leaseMs, 'lost');
    await open('ann', 'lost');
    await beat('ours');
    expectAbout(await dueIn('detached', 'ann'), graceMs);
  });
});
