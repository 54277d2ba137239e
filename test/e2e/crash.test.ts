import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RoomMessage } from '../support/client.ts';
import { startNode } from '../support/node.ts';
import { freshPrefix, type RedisServer, startRedis } from '../support/redis.ts';
import { type Pair, startPair } from './nodes.ts';
import { type At, GuestPeer, wholly } from './peer.ts';

const graceSeconds = 8;

async function arriveIn(room: string, name: string, at: At): Promise<GuestPeer> {
  const peer = await GuestPeer.arrive(name, at);
  await peer.join(room);
  return peer;
}

function numbers(messages: readonly RoomMessage[], event: string): unknown[] {
  return messages.flatMap((m) => (m.__typename === 'Signal' && m.event === event ? [m.data] : []));
}

function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, n) => n);
}

let redis: RedisServer;
let pair: Pair;
beforeAll(async () => {
  // A Redis of their own, because the first test kills every listening connection on it.
  redis = await startRedis();
  pair = await startPair('Redis', { GRACE_SECONDS: `${graceSeconds}` }, redis.url);
});
afterAll(async () => {
  await pair[Symbol.asyncDispose]();
  await redis.stop();
});

test('G3: peers get each message exactly once while the listening connections of the nodes are killed again and again', async () => {
  const { a, b } = pair;
  const client = redis.client();
  const ann = await arriveIn('s', 'ann', { stream: a.url, calls: b.url });
  const others = [
    await arriveIn('s', 'vic', wholly(a)),
    await arriveIn('s', 'wim', wholly(b)),
    await arriveIn('s', 'xia', { stream: b.url, calls: a.url }),
  ];
  await Promise.all([ann, ...others].map((peer) => peer.inbox.take(3)));

  const expected = new Map<GuestPeer, string[]>(others.map((peer) => [peer, []]));
  let killed = 0;
  for (let n = 0; n < 200; n++) {
    if (n % 10 === 5) killed += Number(await client.call('CLIENT', 'KILL', 'TYPE', 'pubsub'));
    const { cursor } = await ann.broadcast('s', 'all', n);
    for (const mine of expected.values()) mine.push(cursor);
    for (const [peer, mine] of expected) mine.push((await ann.relay('s', peer, 'you', n)).cursor);
  }
  // A node that has not reconnected yet is not cut off again, so some rounds count less than two.
  expect(killed).toBeGreaterThan(2);
  for (const [peer, mine] of expected) {
    const before = await peer.beforeBarrier(ann, 's');
    expect(before.map(({ cursor }) => cursor)).toEqual(mine);
    expect(peer.stream.messages.all.length, 'everything came on the first stream').toBe(
      1 + 3 + mine.length + 1,
    );
  }
  await Promise.all([ann, ...others].map((peer) => peer.drop()));
});

// This test must be second: a deployment younger than the grace period announces no one.
test('G3, G4: when a node is killed, peers that resume lose nothing, and only a peer that stays away is announced', {
  timeout: 90_000,
}, async () => {
  const { a, b } = pair;
  const onB = wholly(b);
  // The stream is on the node that will be killed; the calls go to the other node.
  const onA: At = { stream: a.url, calls: b.url };
  const ann = await arriveIn('r', 'ann', onB);
  const ben = await arriveIn('r', 'ben', onB);
  const back = [await arriveIn('r', 'vic', onA), await arriveIn('r', 'wim', onA)];
  const lost = await arriveIn('r', 'lost', onA);
  // Each of the five gets four PeerAdded. After that, all is quiet.
  await Promise.all([ann, ben, ...back, lost].map((peer) => peer.inbox.take(4)));

  let n = 0;
  const send = async (count: number) => {
    for (const end = n + count; n < end; n++) {
      await ann.broadcast('r', 'all', n);
      for (const peer of back) await ann.relay('r', peer, peer.username, n);
    }
  };
  const traffic = send(40);
  // Kill the node in the middle: some messages have arrived, some are on their way, some are not sent yet.
  await Promise.all(back.map((peer) => peer.inbox.next((m) => numbers([m], 'all')[0] === 10)));
  const killedAt = Date.now();
  await a.kill('SIGKILL');
  for (const peer of [...back, lost]) expect(await peer.outcome()).toEqual({ how: 'cut', code: undefined });
  await traffic;
  await send(20);

  const rooms = [
    {
      id: 'r',
      members: [ann, ben, ...back, lost].map(({ id, username }) => ({
        peer: { id, username, guest: true },
        state: null,
      })),
    },
  ];
  for (const peer of back) {
    peer.moveTo(onB);
    const { cursor } = peer;
    expect(await peer.resume()).toMatchObject({ resumed: true, cursor, rooms });
  }
  await send(20);
  for (const peer of back) {
    const barrier = await ann.relay('r', peer, 'barrier');
    await peer.inbox.next((m) => m.cursor === barrier.cursor);
    expect(numbers(peer.inbox.all, 'all')).toEqual(upTo(n));
    expect(numbers(peer.inbox.all, peer.username)).toEqual(upTo(n));
    expect(peer.inbox.all.length, 'nothing else came').toBe(4 + 2 * n + 1);
  }
  expect(await ann.beforeBarrier(ben, 'r'), 'peers that resumed are not announced').toEqual([]);

  const gone = { __typename: 'PeerRemoved', roomId: 'r', reason: 'DISCONNECTED', peer: { id: lost.id } };
  const [removal] = await ann.inbox.take(1);
  expect(removal).toMatchObject(gone);
  const after = Date.parse(removal?.sentAt ?? '') - killedAt;
  expect(after).toBeGreaterThanOrEqual(graceSeconds * 1000);
  // At most two seconds after the last beat plus the grace period. The last beat was before the kill.
  expect(after).toBeLessThan((graceSeconds + 2) * 1000);
  const heard = await ben.inbox.next((m) => m.__typename === 'PeerRemoved');
  expect(heard).toMatchObject({ ...gone, cursor: removal?.cursor });
  // A second announcement of `lost` would come before the announcement of `ben`.
  await ben.drop();
  expect(await ann.inbox.take(1)).toMatchObject([{ ...gone, peer: { id: ben.id } }]);
  for (const peer of [ann, ...back]) {
    const removals = peer.inbox.all.filter((m) => m.__typename === 'PeerRemoved' && m.peer.id === lost.id);
    expect(removals, `to ${peer.username}`).toHaveLength(1);
    await peer.drop();
  }
});

test('G8: when the last node is killed with its streams, every key that it leaves in Redis expires', async () => {
  const prefix = freshPrefix();
  const node = await startNode({ env: { REDIS_URL: redis.url, REDIS_PREFIX: prefix } });
  const ann = await arriveIn('last', 'ann', wholly(node));
  const ben = await arriveIn('last', 'ben', wholly(node));
  await ann.broadcast('last', 'all', 1);
  await ann.relay('last', ben, 'you', 1);
  await node.kill('SIGKILL');
  const keys = await redis.admin.keys(`{${prefix}}:*`);
  expect(keys.map((key) => key.slice(prefix.length + 3)).join()).toMatch(/session:.*/);
  const ttls = await Promise.all(keys.map(async (key) => [key, await redis.admin.pttl(key)] as const));
  expect(ttls.filter(([, ttl]) => ttl <= 0)).toEqual([]);
  expect(Math.max(...ttls.map(([, ttl]) => ttl))).toBeLessThan(25 * 3_600_000);
});
