import { Redis } from 'ioredis';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { RedisHub } from '../../src/hub/redis/hub.ts';
import { Scripts } from '../../src/hub/redis/scripts/scripts.ts';
import { freshPrefix } from '../support/redis.ts';
import { until } from '../support/until.ts';
import { payload, TestPeer } from './peer.ts';
import { defaultOptions, refusal } from './support.ts';

describe('the logs of RedisHub, and data that Redis has dropped', () => {
  let redis: Redis;
  let prefix: string;
  let hub: RedisHub;
  let ann: TestPeer;
  let vic: TestPeer;
  beforeAll(() => {
    redis = new Redis(inject('redisUrl'));
  });
  afterAll(() => redis.quit());
  beforeEach(async () => {
    prefix = freshPrefix();
    const log = pino({ level: 'silent' });
    hub = new RedisHub({ ...defaultOptions, graceMs: 1000, url: inject('redisUrl'), prefix, log });
    await hub.start();
    [ann, vic] = [new TestPeer([hub, hub], 'ann'), new TestPeer([hub, hub], 'vic')];
    for (const peer of [ann, vic]) {
      await peer.open();
      await peer.join('r');
    }
    await ann.take(1);
    await vic.take(1);
  });
  afterEach(async () => {
    await ann.drop();
    await vic.drop();
    await hub.close();
  });

  /** Deletes the keys of the room, as their expiry would. */
  function expire(...kinds: ('room-log' | 'room-meta')[]): Promise<number> {
    return redis.del(kinds.map((kind) => `{${prefix}}:${kind}:r`));
  }

  it("G3: a resume continues the session if an expired room log held only the peer's own entries after the cursor", async () => {
    await vic.setState('r', 'muted');
    await ann.take(1);
    await expire('room-log');
    await vic.drop();
    expect(await vic.resume()).toMatchObject({ resumed: true });
    await ann.broadcast('r', 'm');
    await vic.drop();
    expect(await vic.resume(), 'the room has begun a new log').toMatchObject({ resumed: true });
    expect(await vic.beforeBarrier(ann, 'r')).toMatchObject([{ event: 'm' }]);
  });

  it('G3: a resume starts a new session if an expired room log held an entry after the cursor', async () => {
    const { cursor } = vic;
    await ann.broadcast('r', 'unheard');
    await vic.take(1);
    await vic.broadcast('r', 'later');
    await expire('room-log');
    expect(await vic.open(cursor)).toMatchObject({ resumed: false, rooms: [] });
  });

  it('G3: a resume starts a new session if the expired log of a room that the peer left held an entry after the cursor', async () => {
    const { cursor } = vic;
    await ann.broadcast('r', 'unheard');
    await vic.take(1);
    await vic.leave('r');
    await ann.leave('r');
    await expire('room-log', 'room-meta');
    expect(await vic.open(cursor)).toMatchObject({ resumed: false, rooms: [] });
  });

  it('G3: a resume continues the session if the expired log of a room that the peer left held no entry for it', async () => {
    await ann.broadcast('r', 'heard');
    await vic.take(1);
    await vic.leave('r');
    await ann.broadcast('r', 'not for vic');
    await expire('room-log');
    await vic.drop();
    expect(await vic.resume()).toMatchObject({ resumed: true, rooms: [] });
  });

  it('G3: a resume continues the session from the last entry of a room that the peer left, even if all data of the room has expired', async () => {
    await ann.broadcast('r', 'heard');
    await vic.take(1);
    await vic.leave('r');
    await ann.leave('r');
    await expire('room-log', 'room-meta');
    await vic.drop();
    expect(await vic.resume()).toMatchObject({ resumed: true, rooms: [] });
  });

  it('G3: a resume starts a new session if the session has forgotten the oldest room that it left, even without an inbox', async () => {
    const { cursor } = vic;
    for (let i = 0; i < 65; i++) {
      await vic.join(`left-${i}`);
      await ann.join(`left-${i}`);
      await vic.next((entry) => entry.type === 'PeerAdded' && entry.roomId === `left-${i}`);
      await ann.leave(`left-${i}`);
      await vic.leave(`left-${i}`);
    }
    await redis.del(`{${prefix}}:inbox:${vic.id}`);
    await vic.drop();
    expect(await vic.open(cursor)).toMatchObject({ resumed: false, rooms: [] });
  });

  it('G3: a resume continues the session from the last entry of the oldest room that the session has forgotten', async () => {
    await ann.relay('r', vic, 'for the inbox');
    let cursor: string | undefined;
    for (let i = 0; i < 65; i++) {
      await vic.join(`left-${i}`);
      await ann.join(`left-${i}`);
      await ann.leave(`left-${i}`);
      await vic.next((entry) => entry.type === 'PeerRemoved' && entry.roomId === `left-${i}`);
      cursor ??= vic.cursor;
      await vic.leave(`left-${i}`);
    }
    await vic.drop();
    // After a takeover, only known cursors count.
    await redis.hset(`{${prefix}}:primary`, 'doubt_until', Date.now() + 60_000);
    expect(await vic.open(cursor)).toMatchObject({ resumed: true, rooms: [{ id: 'r' }] });
    // Each of the 64 other rooms had two entries for the peer.
    expect(await vic.take(128)).toHaveLength(128);
  });

  it('G8: entries older than the retention time are trimmed from a room log that is always in use', async () => {
    const log = `{${prefix}}:room-log:r`;
    // Entries with old ids replace the wait until entries are that old.
    await redis.del(log);
    for (let i = 1; i <= 40; i++) await redis.xadd(log, `${i}-0`, 'e', '{}', 'by', ann.id, 'n', 1);
    await redis.hset(`{${prefix}}:room-meta:r`, 'entries', 40, 'bytes', 80);
    // The deployment has just begun, and keeps everything for the retention time. That time is over.
    await redis.hset(`{${prefix}}:primary`, 'keep_until', 0);
    await until(
      async () => Number(await redis.hget(`{${prefix}}:primary`, 'oldest_kept')) > 40,
      'a beat has told what is old',
    );
    for (let i = 0; i < 64; i++) await ann.broadcast('r', 'm', i);
    expect(await redis.xrange(log, '-', '40-0')).toEqual([]);
    expect(await redis.xlen(log)).toBe(64);
    await vic.take(64);
    await vic.drop();
    expect(await vic.resume(), 'the peer has received the trimmed entries').toMatchObject({ resumed: true });
  });

  it('G3: logs keep entries for two grace periods, the longest absence of a peer whose node halted', async () => {
    const graceMs = 60_000;
    const other = freshPrefix();
    const key = (name: string) => `{${other}}:${name}`;
    const scripts = new Scripts(redis, other, 'node', { ...defaultOptions, graceMs });
    await beatOnce(scripts);
    // The deployment has just begun, and keeps everything for the retention time. That time is over.
    await redis.hset(key('primary'), 'keep_until', 0);
    for (const { peer } of [ann, vic]) {
      await scripts.open({ peer, stream: peer.id, after: undefined });
      await scripts.join(peer.id, 'r', payload(null));
    }
    const broadcast = () => scripts.broadcast({ from: ann.id, roomId: 'r', event: 'm', data: payload(null) });
    await redis.del(key('room-log:r'));
    await redis.xadd(
      key('room-log:r'),
      `${(Date.now() - 2 * graceMs) * 1000}-0`,
      'e',
      '{}',
      'by',
      '',
      'n',
      1,
    );
    for (let i = 0; i < 64; i++) await broadcast();
    await redis.zadd(key('expiring'), Date.now() - 3 * graceMs, key('room-log:r'));
    await beatOnce(scripts);
    await broadcast();
    expect(await redis.xlen(key('room-log:r')), 'the oldest entry is not trimmed').toBe(66);

    const id = (Date.now() - 2 * graceMs - 11_000) * 1000;
    await redis.del(key('room-log:r'));
    await redis.xadd(key('room-log:r'), `${id}-0`, 'e', '{}', 'by', '', 'n', 1);
    await redis.zadd(key('expiring'), id / 1000, key('room-log:r'));
    await beatOnce(scripts);
    expect(await redis.exists(key('room-log:r')), 'a log without entries since is deleted').toBe(0);
  });

  it('G3: a log trims the entries of one join together, and only beyond its bounds', async () => {
    const scripts = new Scripts(redis, prefix, 'node', defaultOptions, { maxEntries: 4, maxBytes: 10_000 });
    await beatOnce(scripts);
    const cat = { id: 'cat', username: 'cat', guest: false };
    const open = async (after?: string) => {
      const { resumed } = await scripts.open({ peer: cat, stream: 'stream', after });
      return resumed;
    };
    const relay = () =>
      scripts.relay({ from: ann.id, roomId: 'r', to: cat.id, event: 'm', data: payload(null) });
    await open();
    await scripts.join(cat.id, 'r', payload(null));
    const newest = String(scripts.newestId);
    const between = String(scripts.newestId - 1);
    for (let i = 0; i < 3; i++) await relay();
    expect(await open(between), 'both PeerAdded and three relays are within the bounds').toBe(true);
    await relay();
    expect(await open(newest), 'the peer has received the trimmed entries').toBe(true);
    expect(await open(between)).toBe(false);
  });

  it('G3, G8: a room log keeps its bounds, and records the newest entries that it dropped by each of two authors', async () => {
    const bounds = { maxEntries: 256, maxBytes: 100_000 };
    const scripts = new Scripts(redis, prefix, 'node', defaultOptions, bounds);
    await beatOnce(scripts);
    const [log, meta] = [`{${prefix}}:room-log:r`, `{${prefix}}:room-meta:r`];
    const sent: { id: string; by: string }[] = [];
    const broadcast = async (from: string, data: unknown) => {
      const { cursor } = await scripts.broadcast({ from, roomId: 'r', event: 'm', data: payload(data) });
      sent.push({ id: cursor, by: from });
    };
    for (let i = 0; i < 400; i++) await broadcast(i % 3 === 0 ? ann.id : vic.id, i);
    const expectRecord = async () => {
      const [oldest = ['']] = await redis.xrange(log, '-', '+', 'COUNT', 1);
      const dropped = sent.slice(
        0,
        sent.findIndex(({ id }) => `${id}-0` === oldest[0]),
      );
      const newest = dropped.at(-1);
      const others = dropped.findLast(({ by }) => by !== newest?.by);
      const marks = await redis.hmget(meta, 'trimmed', 'trimmed_by', 'trimmed_other');
      expect(marks).toEqual([newest?.id, newest?.by, others?.id]);
      expect(Number(await redis.hget(meta, 'entries'))).toBe(await redis.xlen(log));
    };
    expect(await redis.xlen(log)).toBeLessThanOrEqual(bounds.maxEntries + 3);
    expect(await redis.xlen(log)).toBeGreaterThan(bounds.maxEntries - 3);
    await expectRecord();
    for (let i = 0; i < 4; i++) await broadcast(vic.id, 'x'.repeat(40_000));
    expect(Number(await redis.hget(meta, 'bytes'))).toBeLessThan(bounds.maxBytes + 50_000);
    await expectRecord();
  });

  it('G10: members can send, leave and join after Redis has evicted fields of their room', async () => {
    const meta = `{${prefix}}:room-meta:r`;
    await ann.broadcast('r', 'm');
    await redis.hdel(`{${prefix}}:room:r`, vic.id);
    await vic.leave('r');
    const expiring = () => redis.zscore(`{${prefix}}:expiring`, meta);
    expect(await expiring(), 'a room with members does not expire').toBeNull();
    await redis.del(meta);
    await ann.broadcast('r', 'm');
    await vic.join('r');
    await ann.broadcast('r', 'm');
    await vic.leave('r');
    await ann.leave('r');
    expect(Number(await expiring())).toBeGreaterThan(Date.now() - 10_000);
  });

  it('G10: a node ends the session of a member that Redis has evicted, and stays ready', async () => {
    await redis.hdel(`{${prefix}}:room:r`, vic.id);
    await vic.drop();
    await until(
      async () => (await redis.exists(`{${prefix}}:session:${vic.id}`)) === 0,
      'the session has ended',
    );
    expect(hub.ready()).toBe(true);
    expect((await ann.room('r'))?.members).toEqual([ann.as(null)]);
  });

  it('G4: a node that Redis has given up takes no stream until it beats again, and cuts those it holds', async () => {
    const [node = ''] = await redis.zrange(`{${prefix}}:nodes`, '0', '-1');
    await redis.hdel(`{${prefix}}:node:${node}`, 'life');
    await expect(hub.open(vic.peer)).rejects.toEqual(refusal('UNAVAILABLE'));
    expect(await ann.outcome(), 'its sessions may have moved to other nodes').toMatchObject({
      name: 'AbortError',
    });
    await ann.open();
    await ann.join('r');
  });
});

async function beatOnce(scripts: Scripts): Promise<void> {
  await scripts.beat({ beatMs: 800, leaseMs: 30_000, batch: 1, takeover: '', newestId: 0 });
}
