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
/** What is acknowledged is on disk: nothing is lost with the process. */
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
  if (!one || !two) throw new Error('there are two');
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

describe('RedisHub when Redis is away', () => {
  it('G10: calls fail within 2 s, streams stay, and when it is back nothing is lost', async () => {
    const redis = await redisWith();
    const hubs = await hubsAt([redis.port, redis.port]);
    const [ann, ben] = await peersOf(hubs, 'ann', 'ben');
    if (!ann || !ben) expect.fail();
    await ann.relay('r', ben, 'before');
    await redis.kill();
    for (let i = 0; i < 4; i++) await expectUnavailable(() => ann.relay('r', ben, 'lost'));
    await expectUnavailable(() => hubs[0].open({ id: 'cat', username: 'cat' }));
    await until(() => hubs.every((hub) => !hub.ready()), 'both nodes say that they are not ready');

    await redis.restart();
    await again(() => ann.relay('r', ben, 'after'));
    await again(() => ben.broadcast('r', 'back'));
    const signals = [await ben.next((e) => e.type === 'Signal'), await ben.next((e) => e.type === 'Signal')];
    expect(signals).toMatchObject([{ event: 'before' }, { event: 'after' }]);
    expect(await ann.next()).toMatchObject({ event: 'back' });
    await ready(hubs);
  });

  it('G3: a peer that lost its connection while Redis was away resumes when it is back', async () => {
    const redis = await redisWith();
    const hubs = await hubsAt([redis.port, redis.port], { graceMs: 1500 });
    const [ann, ben] = await peersOf(hubs, 'ann', 'ben');
    if (!ann || !ben) expect.fail();
    await redis.kill();
    await ben.drop();
    // Longer than the grace period: time in which nobody can come back does not count.
    await new Promise((resolve) => setTimeout(resolve, 2500));
    await redis.restart();
    await again(() => ann.relay('r', ben, 'for ben'));
    await ready(hubs);
    expect(await ben.resume()).toMatchObject({ resumed: true });
    expect(await ben.next()).toMatchObject({ event: 'for ben' });
    expect(await ann.beforeBarrier(ben, 'r'), 'nobody was announced').toEqual([]);
  });

  it('G10: where it comes back empty, streams are cut and sessions begin anew', async () => {
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

  it('G10: where it stands still, calls fail within 2 s, and it catches up by itself', async () => {
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
    expect(await ann.beforeBarrier(ben, 'r'), 'nobody was announced').toEqual([]);
  });

  it('G8: where it stands still, no more calls wait for it than a node can hold: the others fail at once', async () => {
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
    // Those that wait do so for their whole time, and the first is among them.
    const first = refused.indexOf(0);
    expect(first, 'so many failed at once').toBeGreaterThan(500);
    expect(refused.slice(first).toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 1000 - first }, (_, i) => i),
    );
    process.kill(redis.pid, 'SIGCONT');
    await again(() => ann.relay('r', ben, 'after'));
    await ben.next((entry) => entry.type === 'Signal' && entry.event === 'after');
  });

  it('G3: a node that is cut off from Redis is given up, and its peers go on where they come back', async () => {
    const redis = await redisWith();
    const wire = await wireTo(redis);
    // The lease is half of the grace: shorter than it takes to find out that a connection is dead.
    const hubs = await hubsAt([redis.port, wire.port], { graceMs: 8000 });
    const [ann, ben] = await peersOf(hubs, 'ann', 'ben');
    if (!ann || !ben) expect.fail();
    wire.hold('all');
    const { id } = await hubs[0].relay(ann.id, 'r', ben.id, 'unheard', payload(null));
    await until(() => !hubs[1].ready(), 'the node says that it is not ready');
    expect(await ben.outcome()).toMatchObject({ name: 'AbortError' });
    await ready(hubs);
    expect(await ben.resume()).toMatchObject({ resumed: true });
    expect(await ben.next()).toMatchObject({ id });
    expect(await ann.beforeBarrier(ben, 'r'), 'nobody was announced').toEqual([]);
  });

  it('G3: a Redis that lacks the last writes of the one before resumes nobody', async () => {
    const [first, second] = [await redisWith([]), await redisWith([])];
    const wire = await wireTo(first);
    const hubs = await hubsAt([wire.port, wire.port]);
    const [ann, ben] = await peersOf(hubs, 'ann', 'ben');
    if (!ann || !ben) expect.fail();
    await second.follow(first);
    expect(await first.admin.wait(1, 5000)).toBe(1);
    // The replica stops following, the primary serves on and is gone.
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

  it('G3: a client that has what Redis has lost is believed, also where no node knows of it any more', async () => {
    const redis = await redisWith();
    const hubs = await hubsAt([redis.port, redis.port]);
    const [ann, ben] = await peersOf(hubs, 'ann', 'ben');
    if (!ann || !ben) expect.fail();
    const { id } = await ann.relay('r', ben, 'before');
    await ben.next((entry) => entry.id === id);
    await redis.restart();
    await ready(hubs);
    // As it would have it from a node that died with the primary: an id from between what Redis knew and now.
    expect(await again(() => ben.open(`${Number(id) + 1}`))).toMatchObject({ resumed: false, rooms: [] });
    expect(await ann.outcome(), 'what else was lost nobody can tell').toMatchObject({ name: 'AbortError' });
    expect(await ann.resume()).toMatchObject({ resumed: false, rooms: [] });
  });

  it.each<[string, (ann: TestPeer) => Promise<unknown>]>([
    ['join', (ann) => ann.join('another')],
    ['state', (ann) => ann.setState('r', 'muted')],
    ['leave', (ann) => ann.leave('r')],
  ])('G3: nor one that lacks a %s of which only the node that answered knows', async (_, call) => {
    const [first, second] = [await redisWith([]), await redisWith([])];
    const wire = await wireTo(first);
    const [node] = await hubsAt([wire.port, wire.port]);
    const [ann] = await peersOf([node, node], 'ann');
    if (!ann) expect.fail();
    // Nobody else is there, and ann does not listen either.
    await ann.drop();
    await second.follow(first);
    await second.admin.replicaof('NO', 'ONE');
    await call(ann);
    wire.target = second.port;
    await first.kill();
    wire.cut();
    expect(await again(() => ann.resume())).toMatchObject({ resumed: false, rooms: [] });
  });

  it('G3: what one primary tells is not passed on while another one answers', async () => {
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
    // Ann's node listens to the second, and asks the first.
    annsWire.target = second.port;
    annsWire.cut('listening');
    await annsNode.setState(ann.id, 'r', payload('known to the first'));
    await expect.poll(() => second.admin.pubsub('CHANNELS')).toHaveLength(2);
    for (let i = 0; i < 50; i++) {
      await again(() => bensNode.relay(ben.id, 'r', ann.id, 'of another world', payload(i)));
    }
    expect(await annsNode.room(ann.id, 'r'), 'it asks the first still').toMatchObject({
      peers: [{ state: 'known to the first' }, { state: null }],
    });
    annsWire.cut();
    for (const peer of [ann, ben]) expect(await peer.outcome()).toMatchObject({ name: 'AbortError' });
    expect(ann.seen.filter((entry) => entry.type === 'Signal')).toEqual([]);
    await ready(hubs);
    expect(await ann.resume()).toMatchObject({ resumed: false, rooms: [] });
  });

  it('G3: a Redis that has all the writes of the one before resumes everybody', async () => {
    const [first, second] = [await redisWith([]), await redisWith([])];
    const wire = await wireTo(first);
    const hubs = await hubsAt([wire.port, wire.port]);
    const [ann, ben] = await peersOf(hubs, 'ann', 'ben');
    if (!ann || !ben) expect.fail();
    await second.follow(first);
    const sent: string[] = [];
    for (let i = 0; i < 50; i++) sent.push((await ann.relay('r', ben, 'm', i)).id);
    expect(await first.admin.wait(1, 5000)).toBe(1);
    await ben.drop();
    sent.push((await ann.relay('r', ben, 'while away')).id);
    expect(await first.admin.wait(1, 5000)).toBe(1);
    wire.target = second.port;
    await first.kill();
    await second.admin.replicaof('NO', 'ONE');
    wire.cut();
    sent.push((await again(() => ann.relay('r', ben, 'after'))).id);
    await ready(hubs);
    expect(await ben.resume()).toMatchObject({ resumed: true });
    await ben.next((entry) => entry.id === sent.at(-1));
    expect(ben.seen.filter((entry) => entry.type === 'Signal').map(({ id }) => id)).toEqual(sent);
  });
});
