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

  /** Breaks every connection that listens, as a Redis does whose buffer for one has run over. */
  async function breakSubscribers(): Promise<void> {
    await redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
  }

  it('G3: entries sent while nobody listens reach every peer when the nodes listen again', async () => {
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
    if (!ann || !ben) expect.fail('there are ten');
    const sent: string[] = [];
    for (let round = 0; round < 5; round++) {
      await breakSubscribers();
      for (let i = 0; i < 20; i++) sent.push((await ann.broadcast('r', 'm', i)).id);
      sent.push((await ann.relay('r', ben, 'to ben')).id);
    }
    const last = sent.at(-2);
    for (const peer of peers.slice(1)) await peer.next((entry) => entry.id === last);
    await ben.next((entry) => entry.id === sent.at(-1));
    for (const peer of peers.slice(1)) {
      const signals = peer.seen.filter((entry) => entry.type === 'Signal');
      const meant = sent.filter((_, i) => peer === ben || i % 21 !== 20);
      expect(signals.map(({ id }) => id)).toEqual(meant);
    }
    for (const peer of peers) await peer.drop();
    await cleanup();
  });

  it('G3: opening and joining while nobody listens loses nothing', async () => {
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
    'G4: of all nodes exactly one announces a peer whose grace has run out',
    async ({ roomOf }) => {
      const [ann, ben, vic] = await roomOf('r', 'ann', 'ben', 'vic');
      await vic.drop();
      for (const peer of [ann, ben]) await peer.next((entry) => entry.type === 'PeerRemoved');
      expect(await ann.beforeBarrier(ben, 'r')).toEqual([]);
      expect(await ben.beforeBarrier(ann, 'r')).toEqual([]);
    },
    { graceMs: 500 },
  );

  it('G8: where all its streams go in one instant, a node serves others before it has told of the last', async () => {
    const prefix = freshPrefix();
    const { hubs, cleanup } = await twoNodes(prefix);
    const [hub] = hubs;
    const ann = new TestPeer([hub, hub], 'ann');
    await ann.open();
    const gone = 2000;
    const names = Array.from({ length: gone }, (_, i) => `peer${i}`);
    await Promise.all(names.map((id) => hub.open({ id, username: id })));
    const detached = () => redis.zcard(`{${prefix}}:detached`);
    const drained = hub.drain(0);
    await ann.rooms();
    expect(await detached(), 'it was asked after the last had gone').toBeLessThan(gone / 2);
    await drained;
    await expect.poll(detached).toBe(1 + gone);
    await cleanup();
  });

  it('two deployments in one Redis know nothing of one another', async () => {
    const [one, other] = await Promise.all([twoNodes(freshPrefix()), twoNodes(freshPrefix())]);
    const ann = new TestPeer(one.hubs, 'ann', 'same id');
    const ben = new TestPeer(other.hubs, 'ben', 'same id');
    for (const peer of [ann, ben]) {
      await peer.open();
      expect((await peer.join('r')).peers).toEqual([peer.as(null)]);
    }
    await ann.drop();
    await ben.drop();
    await one.cleanup();
    await other.cleanup();
  });

  it('leaves no key of a session that has ended, and no other key than its own', async () => {
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
      (key) => !/^(?:seq|primary|takeovers|nodes|node:.*|node-peers:.*|room-(?:log|meta):.*)$/.test(key),
    );
    expect(lasting.sort()).toEqual([`session-past:${witness.id}`, `session:${witness.id}`]);
    for (const key of own.filter((name) => name.startsWith('room-'))) {
      expect(await redis.pttl(`{${prefix}}:${key}`), `${key} expires`).toBeGreaterThan(0);
    }
    await witness.drop();
    await cleanup();
    expect(await redis.exists(`{${prefix}}:nodes`), 'nodes that have gone are not listed').toBe(0);
  });

  it('G8: rooms that are too much for one answer are not read', async () => {
    const { hubs, cleanup } = await twoNodes(freshPrefix(), { maxRoomBytes: 1000 });
    const ann = new TestPeer(hubs, 'ann');
    await ann.open();
    for (const room of ['a', 'b', 'c']) await ann.join(room, 'x'.repeat(500));
    expect(await ann.rooms()).toHaveLength(3);
    for (const room of ['d', 'e']) await ann.join(room, 'x'.repeat(500));
    await expect(ann.rooms()).rejects.toEqual(refusal('PAYLOAD_TOO_LARGE'));
    expect(await ann.room('e'), 'one is').toMatchObject({ id: 'e' });
    await ann.drop();
    expect(await ann.resume(), 'nor told on coming back').toMatchObject({ resumed: true, rooms: undefined });
    const ben = new TestPeer(hubs, 'ben');
    await ben.open();
    await ben.join('e');
    expect(await ann.next(), 'it is in them all the same').toMatchObject({ type: 'PeerAdded', roomId: 'e' });
    await cleanup();
  });

  it('G10: a Redis that is not there stops the start with a line that says so', async () => {
    const nowhere = new RedisHub({
      ...defaultOptions,
      url: 'redis://127.0.0.1:1',
      prefix: freshPrefix(),
      log,
    });
    await expect(nowhere.start()).rejects.toThrow(
      /^Redis at 127\.0\.0\.1:1 cannot be reached: .*ECONNREFUSED/,
    );
    expect(nowhere.ready()).toBe(false);
  });

  it('is ready from its start to its close', async () => {
    const hub = hubOf(freshPrefix());
    expect(hub.ready()).toBe(false);
    await hub.start();
    expect(hub.ready()).toBe(true);
    await hub.close();
    expect(hub.ready()).toBe(false);
  });
});
