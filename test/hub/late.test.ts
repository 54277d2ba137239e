import { Redis } from 'ioredis';
import { expect, inject, it, onTestFinished } from 'vitest';
import { Scripts } from '../../src/hub/redis/scripts/scripts.ts';
import { freshPrefix, startRedis } from '../support/redis.ts';
import { startWire, type Wire } from '../support/wire.ts';
import { again, bothReady, expectUnavailable, nodesAt, pairOn } from './forms/support.ts';
import { payload, TestPeer } from './peer.ts';
import { defaultOptions, refusal } from './support.ts';

const redisPort = () => Number(new URL(inject('redisUrl')).port);

async function wireToRedis(): Promise<Wire> {
  const wire = await startWire(redisPort());
  onTestFinished(() => wire.stop());
  return wire;
}

/** The door of a node to Redis, over a connection of its own, which has beaten once. */
async function doorOf(node: string, prefix: string, url: string = inject('redisUrl')) {
  const redis = new Redis(url, {
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    commandTimeout: 1500,
  });
  redis.on('error', () => undefined);
  onTestFinished(() => redis.disconnect());
  const scripts = new Scripts(redis, prefix, node, defaultOptions);
  const beat = () => scripts.beat({ beatMs: 800, leaseMs: 30_000, batch: 100, takeover: '', newestId: 0 });
  await ready(redis);
  await beat();
  return { redis, scripts, beat };
}

/** Resolves with the next connection. Errors before it do not matter. */
function ready(redis: Redis): Promise<void> {
  return new Promise((resolve) => redis.once('ready', () => resolve()));
}

/** Each call of a client, by ann, who is in room r with ben, and not in room q. */
const calls: Readonly<Record<string, (scripts: Scripts) => Promise<unknown>>> = {
  open: (scripts) => openAs(scripts, 'ann', 'another stream'),
  joinRoom: (scripts) => scripts.join('ann', 'q', payload(null)),
  leaveRoom: (scripts) => scripts.leave('ann', 'r'),
  relay: (scripts) => scripts.relay({ from: 'ann', roomId: 'r', to: 'ben', event: 'e', data: payload(null) }),
  broadcast: (scripts) => scripts.broadcast({ from: 'ann', roomId: 'r', event: 'e', data: payload(null) }),
  setState: (scripts) => scripts.setState('ann', 'r', payload('late')),
  'a moderator’s signal': (scripts) => scripts.send(mod, { roomId: 'r', event: 'e', data: payload(null) }),
  removePeer: (scripts) => scripts.removePeer(mod, 'r', 'ann'),
  closeRoom: (scripts) => scripts.closeRoom(mod, 'r'),
};

const mod = { peer: { id: 'mod', username: 'mod', guest: false } };

function openAs(scripts: Scripts, id: string, stream = `stream of ${id}`) {
  return scripts.open({ peer: { id, username: id, guest: false }, stream, after: undefined });
}

async function meet(scripts: Scripts): Promise<void> {
  for (const id of ['ann', 'ben']) {
    await openAs(scripts, id);
    await scripts.join(id, 'r', payload(null));
  }
}

/** All that Redis holds of the deployment. */
async function contents(redis: Redis, prefix: string): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for (const key of (await redis.keys(`{${prefix}}:*`)).sort()) {
    // The channel of a node has no text, so its bytes are compared.
    found.set(key, String((await redis.dumpBuffer(key))?.toString('base64')));
  }
  return found;
}

it('G2: calls that fail at a node whose line stands still change nothing later, and undo no later call', async () => {
  const wire = await wireToRedis();
  const hubs = await nodesAt([`redis://127.0.0.1:${wire.port}`, inject('redisUrl')]);
  const [lame, sound] = hubs;
  const [ann, ben] = await pairOn([sound, sound]);
  const cat = new TestPeer([sound, sound], 'cat');
  await cat.open();
  wire.stall();
  await Promise.all([
    expectUnavailable(() => lame.leaveRoom(ann.id, 'r')),
    expectUnavailable(() => lame.setState(ann.id, 'r', payload({ v: 1 }))),
    expectUnavailable(() => lame.relay(ann.id, 'r', ben.id, 'relay', payload(1))),
    expectUnavailable(() => lame.broadcast(ann.id, 'r', 'broadcast', payload(1))),
    expectUnavailable(() => lame.joinRoom(cat.id, 'r', payload(null))),
  ]);
  await ann.join('r');
  await ann.setState('r', { v: 2 });
  await ann.relay('r', ben, 'relay', 2);
  await ann.broadcast('r', 'broadcast', 2);
  expect(await cat.leave('r'), 'its join did not happen').toBe(false);
  wire.release();
  // The late calls are in front of these on the line.
  await bothReady(hubs);
  await again(() => lame.room(ann.id, 'r'));
  expect((await sound.room(ann.id, 'r'))?.members).toEqual([ann.as({ v: 2 }), ben.as(null)]);
  const heard = await ben.beforeBarrier(ann, 'r');
  expect(heard).toMatchObject([
    { type: 'PeerChanged', state: payload({ v: 2 }) },
    { event: 'relay', data: payload(2) },
    { event: 'broadcast', data: payload(2) },
  ]);
});

it('G5: a call that timed out while Redis was halted takes no stream when Redis continues', async () => {
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  const hubs = await nodesAt(redis.url);
  const [ann, ben] = await pairOn(hubs);
  process.kill(redis.pid, 'SIGSTOP');
  // One call resumes a lost stream whose node has not noticed the loss. The other opens without a cursor, as a
  // new tab does.
  await Promise.all([
    expectUnavailable(() => hubs[0].open(ben.peer, ben.cursor)),
    expectUnavailable(() => hubs[0].open(ben.peer)),
  ]);
  process.kill(redis.pid, 'SIGCONT');
  await bothReady(hubs);
  const { cursor } = await again(() => ann.relay('r', ben, 'after'));
  expect(await ben.next(), 'its stream is still the same').toMatchObject({ cursor });
  expect(await ann.beforeBarrier(ben, 'r'), 'no peer was announced').toEqual([]);
  expect(await hubs[0].room(ben.id, 'r'), 'its session is still the same').toMatchObject({ id: 'r' });
});

it.each(Object.entries(calls))(
  'G2: %s changes nothing if its node has a newer connection, or was given up',
  async (_, call) => {
    const prefix = freshPrefix();
    const older = await doorOf('node', prefix);
    await meet(older.scripts);
    const newer = await doorOf('node', prefix);
    newer.redis.disconnect(true);
    await ready(newer.redis);
    await newer.beat();
    const before = await contents(newer.redis, prefix);
    await expect(call(older.scripts)).rejects.toEqual(refusal('UNAVAILABLE'));
    expect(await contents(newer.redis, prefix)).toEqual(before);

    await newer.redis.hdel(`{${prefix}}:node:node`, 'life');
    const givenUp = await contents(newer.redis, prefix);
    await expect(call(newer.scripts)).rejects.toEqual(refusal('UNAVAILABLE'));
    expect(await contents(newer.redis, prefix)).toEqual(givenUp);
    await newer.beat();
    await call(newer.scripts);
    expect(await contents(newer.redis, prefix)).not.toEqual(givenUp);
  },
);

it('G2: no call changes anything if it reaches Redis after its node has given up waiting', async () => {
  const prefix = freshPrefix();
  const wire = await wireToRedis();
  const other = await doorOf('other', prefix);
  const lame = await doorOf('lame', prefix, `redis://127.0.0.1:${wire.port}`);
  await meet(other.scripts);
  const before = await contents(other.redis, prefix);
  wire.stall();
  const late = Object.values(calls).map((call) =>
    expect(call(lame.scripts)).rejects.toEqual(refusal('UNAVAILABLE')),
  );
  await Promise.all(late);
  wire.release();
  await lame.redis.ping();
  expect(await contents(other.redis, prefix)).toEqual(before);
});

it('G2: a call whose connection broke fails only once Redis would refuse it', async () => {
  const prefix = freshPrefix();
  const wire = await wireToRedis();
  const lame = await doorOf('lame', prefix, `redis://127.0.0.1:${wire.port}`);
  await meet(lame.scripts);
  wire.stall();
  const begun = performance.now();
  const failed = calls.relay?.(lame.scripts).catch((error: unknown) => ({ error, at: performance.now() }));
  lame.redis.disconnect();
  expect(await failed).toMatchObject({ error: refusal('UNAVAILABLE') });
  expect(performance.now() - begun, 'until then the call could still reach Redis').toBeGreaterThan(1499);

  // A beat on a new connection ends the wait.
  wire.release();
  const again = await doorOf('again', prefix, `redis://127.0.0.1:${wire.port}`);
  wire.stall();
  const since = performance.now();
  const second = expect(calls.relay?.(again.scripts)).rejects.toEqual(refusal('UNAVAILABLE'));
  again.redis.disconnect(true);
  wire.cut();
  wire.release();
  await ready(again.redis);
  await again.beat();
  await second;
  expect(performance.now() - since).toBeLessThan(1400);
});

it('G14: a call that timed out while Redis was halted, repeated at another node with its key, is sent once', async () => {
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  const hubs = await nodesAt(redis.url);
  const [ann, ben] = await pairOn(hubs);
  process.kill(redis.pid, 'SIGSTOP');
  await expectUnavailable(() => hubs[0].relay(ann.id, 'r', ben.id, 'm', payload(1), 'key'));
  process.kill(redis.pid, 'SIGCONT');
  await bothReady(hubs);
  const { cursor } = await again(() => hubs[1].relay(ann.id, 'r', ben.id, 'm', payload(1), 'key'));
  expect(await again(() => ben.beforeBarrier(ann, 'r'))).toMatchObject([{ event: 'm', cursor }]);
});
