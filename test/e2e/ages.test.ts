import { expect, test } from 'vitest';
import { type NodeProcess, startNode } from '../support/node.ts';
import { startPair } from './nodes.ts';
import { GuestPeer, wholly } from './peer.ts';

const settings = { MAX_STREAM_SECONDS: '10' };

test('G3: with MAX_STREAM_SECONDS, a new node gets its share of the streams, and no peer loses a message', {
  timeout: 90_000,
}, async () => {
  await using pair = await startPair('Redis', settings);
  const { a, b, env } = pair;
  const sender = await GuestPeer.arrive('sender', wholly(b));
  await sender.join('r');
  const at = new Map<NodeProcess, number>();
  const count = (node: NodeProcess, change: number) => at.set(node, (at.get(node) ?? 0) + change);
  const peers = await Promise.all(
    Array.from({ length: 24 }, async (_, i) => {
      const peer = await GuestPeer.arrive(`peer${i}`, wholly(a));
      await peer.join('r');
      count(a, 1);
      return peer;
    }),
  );

  await using added = await startNode({ env });
  at.set(added, 0);
  // As a load balancer does: to the node with the fewest streams.
  const cuts = peers.map(async (peer) => {
    expect(await peer.stream.ended, 'the stream is cut, not completed').toMatchObject({ how: 'cut' });
    count(a, -1);
    const [next] = [...at.keys()].sort((one, other) => (at.get(one) ?? 0) - (at.get(other) ?? 0));
    if (!next) throw new Error('There is a node.');
    count(next, 1);
    peer.moveTo(wholly(next));
    expect(await peer.resume()).toMatchObject({ resumed: true });
  });
  let moved = false;
  const sent: string[] = [];
  const sending = (async () => {
    while (!moved) sent.push((await sender.broadcast('r', 'm', sent.length)).cursor);
  })();
  await Promise.all(cuts);
  moved = true;
  await sending;

  expect([at.get(a), at.get(added)]).toEqual([12, 12]);
  const last = sent.at(-1);
  for (const peer of peers) {
    await peer.inbox.until(({ cursor }) => cursor === last, 'the last broadcast');
    const signals = peer.inbox.all.filter(({ __typename }) => __typename === 'Signal');
    expect(
      signals.map(({ cursor }) => cursor),
      `to ${peer.username}`,
    ).toEqual(sent);
    expect(peer.inbox.all.filter(({ __typename }) => __typename === 'PeerRemoved')).toEqual([]);
    await peer.drop();
  }
  await sender.drop();
});

test('MAX_STREAM_SECONDS cuts a stream of a node in memory, and it resumes there', {
  timeout: 90_000,
}, async () => {
  await using node = await startNode({ env: { ...settings, LOG_LEVEL: 'debug' } });
  const ann = await GuestPeer.arrive('ann', wholly(node));
  expect(await ann.stream.ended).toMatchObject({ how: 'cut' });
  expect(await ann.resume()).toMatchObject({ resumed: true });
  expect(await node.logged('stream cut')).toMatchObject({ reason: 'age', peer: ann.id });
  await ann.drop();
});
