import { Redis } from 'ioredis';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { HubOptions } from '../../src/hub/hub.ts';
import { RedisHub } from '../../src/hub/redis/hub.ts';
import { freshPrefix } from '../support/redis.ts';
import { describeHub } from './contract.ts';
import { TestPeer } from './peer.ts';
import { defaultOptions, refusal, type SetUp, storyteller } from './support.ts';

const log = pino({ level: 'silent' });

function hubOf(prefix: string, options: Partial<HubOptions> = {}): RedisHub {
  return new RedisHub({ ...defaultOptions, url: inject('redisUrl'), prefix, log, ...options });
}

async function twoNodes(prefix: string, options?: Partial<HubOptions>) {
  const hubs = [hubOf(prefix, options), hubOf(prefix, options)] as const;
  await Promise.all(hubs.map((hub) => hub.start()));
  return {
    hubs,
    cleanup: async () => {
      await Promise.all(hubs.map((hub) => hub.close()));
    },
  };
}

const setUp: SetUp = (options) => twoNodes(freshPrefix(), options);

describeHub('RedisHub, two nodes', setUp);

describe('RedisHub', () => {
  const story = storyteller(setUp);
  let redis: Redis;
  beforeAll(() => {
    redis = new Redis(inject('redisUrl'));
  });
  afterAll(() => redis.quit());

  /** Breaks every listening connection, as Redis does if the output buffer of one overflows. */
  async function breakSubscribers(): Promise<void> {
    await redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
  }

  it('G3: entries sent while listening connections are broken reach every peer after the nodes reconnect', async () => {
    const { hubs, cleanup } = await twoNodes(freshPrefix());
    const peers = await Promise.all(
      Array.from({ length: 10 }, async (_, i) => {
        const peer = new TestPeer(hubs, `peer${i}`);
        await peer.open(undefined, i);
        await peer.join('r');
        return peer;
      }),
    );
    const [ann, ben] = peers;
    if (!ann || !ben) expect.fail('there are too few peers');
    const sent: string[] = [];
    for (let round = 0; round < 5; round++) {
      await breakSubscribers();
      for (let i = 0; i < 20; i++) sent.push((await ann.broadcast('r', 'm', i)).cursor);
      sent.push((await ann.relay('r', ben, 'to ben')).cursor);
    }
    const last = sent.at(-2);
    for (const peer of peers.slice(1)) await peer.next((entry) => entry.cursor === last);
    await ben.next((entry) => entry.cursor === sent.at(-1));
    for (const peer of peers.slice(1)) {
      const signals = peer.seen.filter((entry) => entry.type === 'Signal');
      const expected = sent.filter((_, i) => peer === ben || i % 21 !== 20);
      expect(signals.map(({ cursor }) => cursor)).toEqual(expected);
    }
    for (const peer of peers) await peer.drop();
    await cleanup();
  });

  it('G3: a peer that opens and joins while listening connections are broken misses no entry', async () => {
    const { hubs, cleanup } = await twoNodes(freshPrefix());
    const ann = new TestPeer(hubs, 'ann');
    await ann.open();
    await ann.join('r');
    for (let i = 0; i < 10; i++) {
      await breakSubscribers();
      const vic = new TestPeer(hubs, `vic${i}`);
      await vic.open();
      await vic.join('r');
      await vic.next((entry) => entry.type === 'PeerAdded' && entry.peer.id === ann.id);
      await ann.relay('r', vic, 'hello');
      await vic.next((entry) => entry.type === 'Signal');
      await vic.leave('r');
      await vic.drop();
    }
    await ann.drop();
    await cleanup();
  });

  story(
    'G4: a peer whose grace period is over is announced by exactly one node',
    async ({ roomOf }) => {
      const [ann, ben, vic] = await roomOf('r', 'ann', 'ben', 'vic');
      await vic.drop();
      for (const peer of [ann, ben]) await peer.next((entry) => entry.type === 'PeerRemoved');
      expect(await ann.beforeBarrier(ben, 'r')).toEqual([]);
      expect(await ben.beforeBarrier(ann, 'r')).toEqual([]);
    },
    { graceMs: 500 },
  );

  it('G8: a node that loses all its streams at once answers calls before it has told Redis of the last', async () => {
    const prefix = freshPrefix();
    const { hubs, cleanup } = await twoNodes(prefix);
    const [hub] = hubs;
    const ann = new TestPeer([hub, hub], 'ann');
    await ann.open();
    const count = 2000;
    const names = Array.from({ length: count }, (_, i) => `peer${i}`);
    // In portions: a call that waits too long for its turn is refused, and a busy machine is slow.
    for (let i = 0; i < count; i += 50) {
      const portion = names.slice(i, i + 50);
      await Promise.all(portion.map((id) => hub.open({ id, username: id, guest: false })));
    }
    const detached = () => redis.zcard(`{${prefix}}:detached`);
    const drained = hub.drain(0);
    await ann.rooms();
    expect(await detached(), 'the call is answered while most streams are still attached').toBeLessThan(
      count / 2,
    );
    await drained;
    await expect.poll(detached).toBe(1 + count);
    await cleanup();
  });

  it('two deployments with different prefixes in one Redis do not see each other', async () => {
    const [one, other] = await Promise.all([twoNodes(freshPrefix()), twoNodes(freshPrefix())]);
    const ann = new TestPeer(one.hubs, 'ann', { id: 'same id' });
    const ben = new TestPeer(other.hubs, 'ben', { id: 'same id' });
    for (const peer of [ann, ben]) {
      await peer.open();
      expect((await peer.join('r')).members).toEqual([peer.as(null)]);
    }
    await ann.drop();
    await ben.drop();
    await one.cleanup();
    await other.cleanup();
  });

  it('ended sessions leave no key, and every key has the prefix of its deployment', async () => {
    const prefix = freshPrefix();
    const { hubs, cleanup } = await twoNodes(prefix, { graceMs: 200 });
    const keysBefore = new Set(await redis.keys('*'));
    const witness = new TestPeer(hubs, 'witness');
    await witness.open();
    await witness.join('hall');
    for (let i = 0; i < 20; i++) {
      const peer = new TestPeer(hubs, `peer${i}`);
      await peer.open();
      await peer.join('hall');
      await peer.join(`room:${i}:log`);
      await witness.relay('hall', peer, 'hi');
      await peer.broadcast('hall', 'hi', null, 'key');
      if (i % 2 === 0) await peer.leave(`room:${i}:log`);
      if (i % 3 === 0) await peer.open();
      await peer.drop();
    }
    for (let i = 0; i < 20; i++) await witness.next((entry) => entry.type === 'PeerRemoved');
    await witness.leave('hall');
    const keys = await redis.keys('*');
    for (const key of keys) {
      if (!keysBefore.has(key) && key.includes(prefix))
        expect(key.startsWith(`{${prefix}}:`), key).toBe(true);
    }
    const own = keys
      .filter((key) => key.startsWith(`{${prefix}}:`))
      .map((key) => key.slice(prefix.length + 3));
    const lasting = own.filter(
      (key) =>
        !/^(?:seq|primary|takeovers|nodes|expiring|node:.*|node-peers:.*|room-(?:log|meta):.*)$/.test(key),
    );
    expect(lasting.sort()).toEqual([`session-past:${witness.id}`, `session:${witness.id}`]);
    for (const key of own.filter((name) => name.startsWith('room-'))) {
      const due = await redis.zscore(`{${prefix}}:expiring`, `{${prefix}}:${key}`);
      expect(due, `${key} must expire`).not.toBeNull();
    }
    await witness.drop();
    await cleanup();
    expect(await redis.exists(`{${prefix}}:nodes`), 'closed nodes are no longer listed').toBe(0);
  });

  it('G8: rooms that are too large for one answer are refused with PAYLOAD_TOO_LARGE, and left out of Connected', async () => {
    const { hubs, cleanup } = await twoNodes(freshPrefix(), { maxRoomBytes: 1000 });
    const ann = new TestPeer(hubs, 'ann');
    await ann.open();
    for (const room of ['a', 'b', 'c']) await ann.join(room, 'x'.repeat(500));
    expect(await ann.rooms()).toHaveLength(3);
    for (const room of ['d', 'e']) await ann.join(room, 'x'.repeat(500));
    await expect(ann.rooms()).rejects.toEqual(refusal('PAYLOAD_TOO_LARGE'));
    expect(await ann.room('e'), 'a single room is small enough').toMatchObject({ id: 'e' });
    await ann.drop();
    expect(await ann.resume(), 'the rooms are left out on a resume').toMatchObject({
      resumed: true,
      rooms: undefined,
    });
    const ben = new TestPeer(hubs, 'ben');
    await ben.open();
    await ben.join('e');
    expect(await ann.next(), 'the peer is still in its rooms').toMatchObject({
      type: 'PeerAdded',
      roomId: 'e',
    });
    await cleanup();
  });

  it('G10: a start without a reachable Redis fails with one line that says so', async () => {
    const hub = new RedisHub({
      ...defaultOptions,
      url: 'redis://127.0.0.1:1',
      prefix: freshPrefix(),
      log,
    });
    await expect(hub.start()).rejects.toThrow(/^Redis at 127\.0\.0\.1:1 cannot be reached: .*ECONNREFUSED/);
    expect(hub.ready()).toBe(false);
  });

  it('RedisHub is ready from start to close', async () => {
    const hub = hubOf(freshPrefix());
    expect(hub.ready()).toBe(false);
    await hub.start();
    expect(hub.ready()).toBe(true);
    await hub.close();
    expect(hub.ready()).toBe(false);
  });
});
