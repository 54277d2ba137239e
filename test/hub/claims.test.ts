import { pino } from 'pino';
import { expect, it, onTestFinished } from 'vitest';
import { Beats } from '../../src/hub/redis/beats.ts';
import { Neighbours } from '../../src/hub/redis/neighbours.ts';
import type { Beat } from '../../src/hub/redis/scripts/arguments.ts';
import type { Scripts } from '../../src/hub/redis/scripts/scripts.ts';
import { type RedisServer, startRedis } from '../support/redis.ts';
import { until } from '../support/until.ts';
import { startWire, type Wire } from '../support/wire.ts';
import { again, bothReady, nodesAt, pairOn } from './forms/support.ts';
import { TestPeer } from './peer.ts';
import { ignoredEvents } from './support.ts';

/** Cursors in the gap of a takeover: the new Redis does not know them. Either it has lost them, or they are made up. */

/** Redis writes to disk before it answers, so that a kill loses nothing. */
const durable = ['--appendonly', 'yes', '--appendfsync', 'always'];
/** The lease is half of it. */
const graceMs = 6000;

async function redisWith(args: readonly string[]): Promise<RedisServer> {
  const redis = await startRedis({ args });
  onTestFinished(() => redis.stop());
  return redis;
}

async function wireTo(redis: RedisServer): Promise<Wire> {
  const wire = await startWire(redis.port);
  onTestFinished(() => wire.stop());
  return wire;
}

const after = (cursor: string) => `${Number(cursor) + 1}`;

it.each(['the first node to serve', 'the other node'])(
  'G3: after a restart that lost nothing, a made-up cursor ends only the session of its own peer (at %s)',
  async (place) => {
    const redis = await redisWith(durable);
    const wire = await wireTo(redis);
    const hubs = await nodesAt([redis.url, `redis://127.0.0.1:${wire.port}`]);
    const [ann, ben] = await pairOn(hubs);
    const eve = new TestPeer(hubs, 'eve');
    await eve.open(undefined, 0);
    const { cursor } = await ann.relay('r', ben, 'before');
    wire.cut();
    wire.stall();
    await redis.restart();
    // The other node is not heard yet, and could know of a loss.
    await until(() => hubs[0].ready(), 'the first node is ready');
    if (place === 'the first node to serve') {
      expect(await again(() => eve.open(after(cursor), 0))).toMatchObject({ resumed: false });
    }
    wire.release();
    await bothReady(hubs);
    if (place === 'the other node') {
      expect(await eve.open(after(cursor), 1)).toMatchObject({ resumed: false });
    }
    await until(async () => (await redis.admin.keys('*:witnesses')).length === 0, 'both nodes are heard');
    const { cursor: last } = await again(() => ann.relay('r', ben, 'after'));
    await ben.next((entry) => entry.cursor === last);
    await ann.drop();
    expect(await ann.resume()).toMatchObject({ resumed: true, rooms: [{ id: 'r' }] });
  },
);

it('G3: after a restart that lost nothing, a stream that went on from a number between two messages ends only its own session', async () => {
  const redis = await redisWith(durable);
  const hubs = await nodesAt(redis.url);
  const [ann, ben] = await pairOn(hubs);
  const eve = new TestPeer(hubs, 'eve');
  await eve.open(undefined, 0);
  const { cursor } = await ann.relay('r', ben, 'before');
  await eve.drop();
  expect(await eve.open(cursor, 0)).toMatchObject({ resumed: true });
  await redis.restart();
  await bothReady(hubs);
  await until(async () => (await redis.admin.keys('*:witnesses')).length === 0, 'both nodes are heard');
  const { cursor: last } = await again(() => ann.relay('r', ben, 'after'));
  await ben.next((entry) => entry.cursor === last);
  await ann.drop();
  expect(await ann.resume()).toMatchObject({ resumed: true, rooms: [{ id: 'r' }] });
});

it('G3: after a failover that lost nothing, a made-up cursor ends only the session of its own peer', async () => {
  const [first, second] = [await redisWith([]), await redisWith([])];
  const wire = await wireTo(first);
  const hubs = await nodesAt(`redis://127.0.0.1:${wire.port}`);
  const [ann, ben] = await pairOn(hubs);
  const eve = new TestPeer(hubs, 'eve');
  await eve.open(undefined, 0);
  await second.follow(first);
  const { cursor } = await ann.relay('r', ben, 'before');
  expect(await first.admin.wait(1, 5000)).toBe(1);
  wire.target = second.port;
  await first.kill();
  await second.admin.replicaof('NO', 'ONE');
  wire.cut();
  expect(await again(() => eve.open(after(cursor)))).toMatchObject({ resumed: false });
  const { cursor: last } = await again(() => ann.relay('r', ben, 'after'));
  await ben.next((entry) => entry.cursor === last);
  await bothReady(hubs);
  expect(await ben.resume()).toMatchObject({ resumed: true, rooms: [{ id: 'r' }] });
});

it.each([
  ['before', 'before the new Redis serves'],
  ['before', 'while two primaries serve'],
  ['after', 'before the new Redis serves'],
  ['after', 'while two primaries serve'],
] as const)(
  'G3: a cursor from an entry that Redis has lost ends all sessions if the only node that knew is dead (told %s it is given up, sent %s)',
  async (told, sent) => {
    const [first, second] = [await redisWith([]), await redisWith([])];
    const [doomedWire, wire] = [await wireTo(first), await wireTo(first)];
    const hubs = await nodesAt([doomedWire, wire].map(({ port }) => `redis://127.0.0.1:${port}`) as never, {
      graceMs,
    });
    const [doomed, sound] = hubs;
    const [ann, ben] = await pairOn([doomed, doomed]);
    const cat = new TestPeer([sound, sound], 'cat');
    await cat.open();
    await cat.join('another room');
    await second.follow(first);
    expect(await first.admin.wait(1, 5000)).toBe(1);
    await second.admin.replicaof('NO', 'ONE');
    async function lose(): Promise<string> {
      const { cursor } = await ann.relay('r', ben, 'lost');
      await ben.next((entry) => entry.cursor === cursor);
      return cursor;
    }
    async function takeOver(): Promise<void> {
      wire.target = second.port;
      wire.cut();
      await until(async () => (await second.admin.keys('*:witnesses')).length === 1, 'the new Redis serves');
      await until(() => sound.ready(), 'the other node is ready');
    }
    let cursor = '';
    if (sent === 'before the new Redis serves') {
      cursor = await lose();
      await takeOver();
    } else {
      await takeOver();
      cursor = await lose();
    }
    // The node dies together with the old primary.
    doomedWire.cut();
    doomedWire.stall();
    await first.kill();
    if (told === 'after') {
      const [key = ''] = await second.admin.keys('{*}:nodes');
      await until(async () => (await second.admin.zcard(key)) === 1, 'the dead node is given up');
    }
    // The new Redis gives larger ids than the lost one.
    await again(() => cat.setState('another room', 'later'));
    const bensNext = new TestPeer([sound, sound], 'ben', { id: ben.id });
    expect(await again(() => bensNext.open(cursor))).toMatchObject({ resumed: false, rooms: [] });
    expect(await cat.outcome(), 'other entries may be lost too').toMatchObject({ name: 'AbortError' });
    expect(await again(() => cat.resume())).toMatchObject({ resumed: false, rooms: [] });
  },
);

it('G3: a node that drains while two primaries serve tells the new one which ids only the old one gave', async () => {
  const [first, second] = [await redisWith([]), await redisWith([])];
  const [drainingWire, wire] = [await wireTo(first), await wireTo(first)];
  const hubs = await nodesAt([drainingWire, wire].map(({ port }) => `redis://127.0.0.1:${port}`) as never);
  const [draining, staying] = hubs;
  const ann = new TestPeer([draining, draining], 'ann');
  const cat = new TestPeer([staying, staying], 'cat');
  for (const peer of [ann, cat]) {
    await peer.open();
    await peer.join('r');
  }
  await second.follow(first);
  expect(await first.admin.wait(1, 5000)).toBe(1);
  await second.admin.replicaof('NO', 'ONE');
  wire.target = second.port;
  wire.cut();
  await until(async () => (await second.admin.keys('*:witnesses')).length === 1, 'the new Redis serves');
  await until(() => staying.ready(), 'the other node is ready');
  expect(await ann.leave('r'), 'the old Redis acknowledges it, and the new one never hears of it').toBe(true);
  drainingWire.target = second.port;
  await draining.close();
  expect(await cat.outcome(), 'an acknowledged leave is lost').toMatchObject({ name: 'AbortError' });
  expect(await again(() => cat.resume())).toMatchObject({ resumed: false, rooms: [] });
});

it('G3: a node tells a new Redis also what it heard of the earlier one while it asked the new one for the first time', async () => {
  const asked: Pick<Beat, 'takeover' | 'newestId'>[] = [];
  const scripts = {
    newestId: 5,
    async beat({ takeover, newestId }: Beat) {
      asked.push({ takeover, newestId });
      if (asked.length === 2) scripts.newestId = 9;
      return { life: 'a', more: false, run: 'r', takeover: asked.length === 1 ? '1' : '7', neighbours: [] };
    },
  };
  const ignore = () => undefined;
  const silent = pino({ level: 'silent' });
  const neighbours = new Neighbours({ reach: undefined, graceMs, beatMs: 800 }, ignore, silent);
  const beats = new Beats(scripts as unknown as Scripts, graceMs, neighbours, ignoredEvents, silent);
  for (let i = 0; i < 3; i++) await beats.beat();
  expect(asked).toEqual([
    { takeover: '', newestId: 5 },
    { takeover: '1', newestId: 5 },
    { takeover: '1', newestId: 9 },
    { takeover: '7', newestId: 9 },
  ]);
});
