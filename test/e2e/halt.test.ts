import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { ApiClient } from '../support/client.ts';
import type { NodeProcess } from '../support/node.ts';
import { startPair } from './nodes.ts';
import { GuestPeer, wholly } from './peer.ts';

/** Two peers in a room, each with its stream and calls at its own node. */
async function meet(annsNode: NodeProcess, bensNode: NodeProcess): Promise<readonly [GuestPeer, GuestPeer]> {
  const ann = await GuestPeer.arrive('ann', wholly(annsNode));
  const ben = await GuestPeer.arrive('ben', wholly(bensNode));
  await ann.join('r');
  await ben.join('r');
  return [ann, ben];
}

test('G3, G4: when a node halts longer than its lease, it cuts its streams, and they resume without loss', async () => {
  // The lease is half of the grace period.
  await using pair = await startPair('Redis', { GRACE_SECONDS: '8' });
  const { a, b } = pair;
  const [ann, ben] = await meet(b, a);
  process.kill(a.pid, 'SIGSTOP');
  // Once the other nodes have given it up, messages to its peers are queued.
  await expect.poll(async () => (await ann.relay('r', ben, 'm')).status, { timeout: 10_000 }).toBe('QUEUED');
  process.kill(a.pid, 'SIGCONT');
  expect(await ben.outcome()).toMatchObject({ how: 'cut' });
  expect(await ben.resume()).toMatchObject({ resumed: true });
  const { cursor } = await ann.relay('r', ben, 'last');
  const { before } = await ben.inbox.until((message) => message.cursor === cursor, 'the last message');
  expect(before.length, 'the messages sent during the halt').toBeGreaterThan(0);
  expect(await ann.beforeBarrier(ben, 'r')).toMatchObject([{ __typename: 'PeerAdded' }]);
  await ann.drop();
  await ben.drop();
});

test('G5: a request for a stream that a client gave up while the node was halted does not replace its stream later', async () => {
  await using pair = await startPair('Redis');
  const { a, b } = pair;
  const [ann, ben] = await meet(b, b);
  await Promise.all([ann, ben].map((peer) => peer.inbox.take(1)));
  const { port, hostname } = new URL(a.url);
  const ask = async (variables: object) => {
    const socket = connect(Number(port), hostname === 'localhost' ? '127.0.0.1' : hostname);
    await once(socket, 'connect');
    const query = 'subscription ($after: ID) { messages(after: $after) { cursor } }';
    const body = JSON.stringify({ query, variables });
    const head = [
      'POST /graphql HTTP/1.1',
      'Host: localhost',
      'Accept: text/event-stream',
      'Content-Type: application/json',
      `Authorization: Bearer ${ben.token}`,
      `Content-Length: ${body.length}`,
    ];
    socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
    await once(socket, 'finish');
    return socket;
  };
  process.kill(a.pid, 'SIGSTOP');
  const late = [await ask({ after: ben.cursor }), await ask({})];
  for (const socket of late) socket.destroy();
  process.kill(a.pid, 'SIGCONT');
  // The node reads its connections in order: when it answers these, it has read the late requests.
  for (let i = 0; i < 3; i++) await new ApiClient(a.url, ben.token).run('{ me { id } }', {});
  expect(await ben.beforeBarrier(ann, 'r'), 'the first stream goes on').toEqual([]);
  expect(await ann.beforeBarrier(ben, 'r'), 'no one was announced').toEqual([]);
  await ann.drop();
  await ben.drop();
});

test('G3, G4: when a node halts longer than the grace period, its peers are announced once, and begin new sessions', async () => {
  await using pair = await startPair('Redis', { GRACE_SECONDS: '3' });
  const { a, b } = pair;
  const [ann, ben] = await meet(b, a);
  await ann.inbox.take(1);
  process.kill(a.pid, 'SIGSTOP');
  expect(await ann.inbox.next()).toMatchObject({
    __typename: 'PeerRemoved',
    reason: 'DISCONNECTED',
    peer: { id: ben.id },
  });
  process.kill(a.pid, 'SIGCONT');
  expect(await ben.outcome()).toMatchObject({ how: 'cut' });
  expect(await ben.resume()).toMatchObject({ resumed: false, rooms: [] });
  await ben.join('r');
  expect(await ann.inbox.next(), 'the peer was announced only once').toMatchObject({
    __typename: 'PeerAdded',
  });
  await ann.drop();
  await ben.drop();
});
