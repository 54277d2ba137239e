import { pino } from 'pino';
import { afterEach, describe, expect, it } from 'vitest';
import type { HubOptions } from '../../src/hub/hub.ts';
import { RedisHub } from '../../src/hub/redis/hub.ts';
import { freshPrefix, type RedisServer, startRedis } from '../support/redis.ts';
import { until } from '../support/until.ts';
import { startWire, type Wire } from '../support/wire.ts';
import { again, expectUnavailable } from './forms/support.ts';
import { payload, TestPeer } from './peer.ts';
import { defaultOptions } from './support.ts';

const log = pino({ level: 'silent' });
/** Redis writes to disk before it answers, so that a kill loses nothing. */
const durable = ['--appendonly', 'yes', '--appendfsync', 'always'];

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function redisWith(args: readonly string[] = durable): Promise<RedisServer> {
  const redis = await startRedis({ args });
  cleanups.push(() => redis.stop());
  return redis;
}

async function wireTo(redis: RedisServer): Promise<Wire> {
  const wire = await startWire(redis.port);
  cleanups.push(() => wire.stop());
  return wire;
}

async function hubsAt(ports: readonly [number, number], options: Partial<HubOptions> = {}) {
  const prefix = freshPrefix();
  const [one, two] = ports.map(
    (port) => new RedisHub({ ...defaultOptions, url: `redis://127.0.0.1:${port}`, prefix, log, ...options }),
  );
  if (!one || !two) throw new Error('There are two hubs.');
  await Promise.all([one.start(), two.start()]);
  cleanups.push(() => Promise.all([one.close(), two.close()]));
  return [one, two] as const;
}

async function peersOf(hubs: readonly [RedisHub, RedisHub], ...names: string[]): Promise<TestPeer[]> {
  const peers: TestPeer[] = [];
  for (const [i, name] of names.entries()) {
    const peer = new TestPeer(hubs, name);
    await peer.open(undefined, i);
    await peer.join('r');
    for (const other of peers) await other.next((entry) => entry.peer.id === peer.id);
    await peer.take(i);
    peers.push(peer);
  }
  return peers;
}

async function ready(hubs: readonly [RedisHub, RedisHub]): Promise<void> {
  await until(() => hubs.every((hub) => hub.ready()), 'both nodes are ready');
}

describe('RedisHub while Redis is away or changes', () => {
  it('G10: while Redis is away calls fail within 2 s and streams stay, and after it is back no entry is lost', async () => {
    const redis = await redisWith();
    const hubs = await hubsAt([redis.port, redis.port]);
    const [ann, ben] = await peersOf(hubs, 'ann', 'ben');
    if (!ann || !ben) expect.fail();
    await ann.relay('r', ben, 'before');
    await redis.kill();
    for (let i = 0; i < 4; i++) await expectUnavailable(() => ann.relay('r', ben, 'lost'));
    await expectUnavailable(() => hubs[0].open({ id: 'cat', username: 'cat', guest: false }));
    await until(() => hubs.every((hub) => !hub.ready()), 'both nodes say that they are not ready');

    await redis.restart();
    await again(() => ann.relay('r', ben, 'after'));
    await again(() => ben.broadcast('r', 'back'));
    const signals = [await ben.next((e) => e.type === 'Signal'), await ben.next((e) => e.type === 'Signal')];
    expect(signals).toMatchObject([{ event: 'before' }, { event: 'after' }]);
    expect(await ann.next()).toMatchObject({ event: 'back' });
    await ready(hubs);
  });

  it('G3: a peer that lost its stream while Redis was away resumes when Redis is back', async () => {
    const redis = await redisWith();
    const hubs = await hubsAt([redis.port, redis.port], { graceMs: 1500 });
    const [ann, ben] = await peersOf(hubs, 'ann', 'ben');
    if (!ann || !ben) expect.fail();
    await redis.kill();
    await ben.drop();
    // This is longer than the grace period: time in which no peer can resume does not count.
    await new Promise((resolve) => setTimeout(resolve, 2500));
    await redis.restart();
    await again(() => ann.relay('r', ben, 'for ben'));
    await ready(hubs);
    expect(await ben.resume()).toMatchObject({ resumed: true });
    expect(await ben.next()).toMatchObject({ event: 'for ben' });
    expect(await ann.beforeBarrier(ben, 'r'), 'no peer was announced').toEqual([]);
  });

  it('G10: if Redis comes back empty, streams are cut and peers get new sessions', async () => {
    const redis = await redisWith([]);
    const hubs = await hubsAt([redis.port, redis.port]);
    const [ann, ben] = await peersOf(hubs, 'ann', 'ben');
    if (!ann || !ben) expect.fail();
    await redis.restart();
    await ready(hubs);
    for (const peer of [ann, ben]) {
      expect(await peer.outcome()).toMatchObject({ name: 'AbortError' });
      expect(await peer.resume()).toMatchObject({ resumed: false, rooms: [] });
      await peer.join('r');
    }
    await ann.relay('r', ben, 'hello');
    await ben.next((entry) => entry.type === 'Signal');
  });

  it('G10: while Redis is halted calls fail within 2 s, and nodes catch up when it continues', async () => {
    const redis = await redisWith();
    const hubs = await hubsAt([redis.port, redis.port]);
    const [ann, ben] = await peersOf(hubs, 'ann', 'ben');
    if (!ann || !ben) expect.fail();
    process.kill(redis.pid, 'SIGSTOP');
    await expectUnavailable(() => ann.relay('r', ben, 'perhaps'));
    await until(() => hubs.every((hub) => !hub.ready()), 'both nodes say that they are not ready');
    process.kill(redis.pid, 'SIGCONT');
    await again(() => ann.relay('r', ben, 'after'));
    await ben.next((entry) => entry.type === 'Signal' && entry.event === 'after');
    await ready(hubs);
    expect(await ann.beforeBarrier(ben, 'r'), 'no peer was announced').toEqual([]);
  });

  it('G8: while Redis is halted a bounded number of calls waits, and the others fail at once', async () => {
    const redis = await redisWith();
    const hubs = await hubsAt([redis.port, redis.port]);
    const [ann, ben] = await peersOf(hubs, 'ann', 'ben');
    if (!ann || !ben) expect.fail();
    process.kill(redis.pid, 'SIGSTOP');
    const refused: number[] = [];
    const calls = Array.from({ length: 1000 }, async (_, i) => {
      await expectUnavailable(() => hubs[0].relay(ann.id, 'r', ben.id, 'm', payload('x'.repeat(60_000))));
      refused.push(i);
    });
    await Promise.all(calls);
    // The first call waits. Each call that waits does so until its timeout.
    const first = refused.indexOf(0);
    expect(first, 'calls that failed at once').toBeGreaterThan(500);
    expect(refused.slice(first).toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 1000 - first }, (_, i) => i),
    );
    process.kill(redis.pid, 'SIGCONT');
    await again(() => ann.relay('r', ben, 'after'));
    await ben.next((entry) => entry.type === 'Signal' && entry.event === 'after');
  });

  it('G3: a node that is cut off from Redis is given up, and its peers resume on another node', async () => {
    const redis = await redisWith();
    const wire = await wireTo(redis);
    // The lease is half of the grace period: shorter than the time in which a dead connection is noticed.
    const hubs = await hubsAt([redis.port, wire.port], { graceMs: 8000 });
    const [ann, ben] = await peersOf(hubs, 'ann', 'ben');
    if (!ann || !ben) expect.fail();
    wire.hold('all');
    const { cursor } = await hubs[0].relay(ann.id, 'r', ben.id, 'unheard', payload(null));
    await until(() => !hubs[1].ready(), 'the cut-off node says that it is not ready');
    expect(await ben.outcome()).toMatchObject({ name: 'AbortError' });
    await ready(hubs);
    expect(await ben.resume()).toMatchObject({ resumed: true });
    expect(await ben.next()).toMatchObject({ cursor });
    expect(await ann.beforeBarrier(ben, 'r'), 'no peer was announced').toEqual([]);
  });

  it('G3: a new primary that lacks the last writes resumes no session', async () => {
    const [first, second] = [await redisWith([]), await redisWith([])];
    const wire = await wireTo(first);
    const hubs = await hubsAt([wire.port, wire.port]);
    const [ann, ben] = await peersOf(hubs, 'ann', 'ben');
    if (!ann || !ben) expect.fail();
    await second.follow(first);
    expect(await first.admin.wait(1, 5000)).toBe(1);
    // The replica stops following. The primary takes one more write, then dies.
    await second.admin.replicaof('NO', 'ONE');
    await ann.relay('r', ben, 'lost');
    await ben.next((entry) => entry.type === 'Signal');
    const { cursor } = ben;
    wire.target = second.port;
    await first.kill();
    wire.cut();
    for (const peer of [ann, ben]) expect(await peer.outcome()).toMatchObject({ name: 'AbortError' });
    await ready(hubs);
    expect(await ben.open(cursor)).toMatchObject({ resumed: false, rooms: [] });
    expect(await ann.resume()).toMatchObject({ resumed: false, rooms: [] });
  });

  it.each<[string, (ann: TestPeer) => Promise<unknown>]>([
    ['join', (ann) => ann.join('another')],
    ['state', (ann) => ann.setState('r', 'muted')],
    ['leave', (ann) => ann.leave('r')],
  ])(
    'G3: a new primary that lacks a %s resumes no session, even if only the node that answered knows of it',
    async (_, call) => {
      const [first, second] = [await redisWith([]), await redisWith([])];
      const wire = await wireTo(first);
      const [node] = await hubsAt([wire.port, wire.port]);
      const [ann] = await peersOf([node, node], 'ann');
      if (!ann) expect.fail();
      // No other peer is there, and ann has no stream, so no client has a cursor of the call.
      await ann.drop();
      await second.follow(first);
      await second.admin.replicaof('NO', 'ONE');
      await call(ann);
      wire.target = second.port;
      await first.kill();
      wire.cut();
      expect(await again(() => ann.resume())).toMatchObject({ resumed: false, rooms: [] });
    },
  );

  it('G3: a node that hears one primary and asks another passes on nothing, and cuts its streams', async () => {
    const [first, second] = [await redisWith([]), await redisWith([])];
    const [annsWire, bensWire] = [await wireTo(first), await wireTo(first)];
    const hubs = await hubsAt([annsWire.port, bensWire.port]);
    const [ann, ben] = await peersOf(hubs, 'ann', 'ben');
    if (!ann || !ben) expect.fail();
    await second.follow(first);
    await second.admin.replicaof('NO', 'ONE');
    const [annsNode, bensNode] = hubs;
    bensWire.target = second.port;
    bensWire.cut();
    await again(() => bensNode.setState(ben.id, 'r', payload('known to the second')));
    // Ann's node hears the second primary and asks the first.
    annsWire.target = second.port;
    annsWire.cut('subscribed');
    await annsNode.setState(ann.id, 'r', payload('known to the first'));
    await expect.poll(() => second.admin.pubsub('CHANNELS')).toHaveLength(2);
    for (let i = 0; i < 50; i++) {
      await again(() => bensNode.relay(ben.id, 'r', ann.id, 'of the second', payload(i)));
    }
    expect(await annsNode.room(ann.id, 'r'), 'the node still asks the first').toMatchObject({
      members: [{ state: payload('known to the first') }, { state: payload(null) }],
    });
    annsWire.cut();
    for (const peer of [ann, ben]) expect(await peer.outcome()).toMatchObject({ name: 'AbortError' });
    expect(ann.seen.filter((entry) => entry.type === 'Signal')).toEqual([]);
    await ready(hubs);
    expect(await ann.resume()).toMatchObject({ resumed: false, rooms: [] });
  });

  it('G3: a new primary that has all writes resumes every session', async () => {
    const [first, second] = [await redisWith([]), await redisWith([])];
    const wire = await wireTo(first);
    const hubs = await hubsAt([wire.port, wire.port]);
    const [ann, ben] = await peersOf(hubs, 'ann', 'ben');
    if (!ann || !ben) expect.fail();
    await second.follow(first);
    const sent: string[] = [];
    for (let i = 0; i < 50; i++) sent.push((await ann.relay('r', ben, 'm', i)).cursor);
    expect(await first.admin.wait(1, 5000)).toBe(1);
    await ben.drop();
    sent.push((await ann.relay('r', ben, 'while away')).cursor);
    expect(await first.admin.wait(1, 5000)).toBe(1);
    wire.target = second.port;
    await first.kill();
    await second.admin.replicaof('NO', 'ONE');
    wire.cut();
    sent.push((await again(() => ann.relay('r', ben, 'after'))).cursor);
    await ready(hubs);
    expect(await ben.resume()).toMatchObject({ resumed: true });
    await ben.next((entry) => entry.cursor === sent.at(-1));
    expect(ben.seen.filter((entry) => entry.type === 'Signal').map(({ cursor }) => cursor)).toEqual(sent);
  });
});
