import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { ApiClient } from '../support/client.ts';
import type { NodeProcess } from '../support/node.ts';
import { startPair } from './nodes.ts';
import { GuestPeer, wholly } from './peer.ts';

/** Two peers in a room, each wholly at a node. */
async function meet(annsNode: NodeProcess, bensNode: NodeProcess): Promise<readonly [GuestPeer, GuestPeer]> {
  const ann = await GuestPeer.arrive('ann', wholly(annsNode));
  const ben = await GuestPeer.arrive('ben', wholly(bensNode));
  await ann.join('r');
  await ben.join('r');
  return [ann, ben];
}

test('G3, G4: a node that stood still longer than its lease finds out, and its peers go on', async () => {
  // The lease is half of the grace.
  await using pair = await startPair('Redis', { GRACE_SECONDS: '8' });
  const { a, b } = pair;
  const [ann, ben] = await meet(b, a);
  process.kill(a.pid, 'SIGSTOP');
  // Once the others have given it up, what is sent to its peers is queued.
  await expect.poll(async () => (await ann.relay('r', ben, 'm')).status, { timeout: 10_000 }).toBe('QUEUED');
  process.kill(a.pid, 'SIGCONT');
  expect(await ben.outcome()).toMatchObject({ how: 'cut' });
  expect(await ben.resume()).toMatchObject({ resumed: true });
  const { id } = await ann.relay('r', ben, 'last');
  const { before } = await ben.inbox.until((message) => message.id === id, 'the last');
  expect(before.length, 'all that was sent meanwhile').toBeGreaterThan(0);
  expect(await ann.beforeBarrier(ben, 'r')).toMatchObject([{ __typename: 'PeerAdded' }]);
  await ann.drop();
  await ben.drop();
});

test('G5: what a client asked of a node that stood still, and did not wait for, takes no stream from it later', async () => {
  await using pair = await startPair('Redis');
  const { a, b } = pair;
  const [ann, ben] = await meet(b, b);
  await Promise.all([ann, ben].map((peer) => peer.inbox.take(1)));
  const { port, hostname } = new URL(a.url);
  const ask = async (variables: object) => {
    const socket = connect(Number(port), hostname === 'localhost' ? '127.0.0.1' : hostname);
    await once(socket, 'connect');
    const query = 'subscription ($after: ID) { messages(after: $after) { id } }';
    const body = JSON.stringify({ query, variables });
    const head = [
      'POST /graphql HTTP/1.1',
      'Host: a',
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
  // What came to it first it has read first.
  for (let i = 0; i < 3; i++) await new ApiClient(a.url, ben.token).run('{ me { id } }', {});
  expect(await ben.beforeBarrier(ann, 'r'), 'on the stream that it had').toEqual([]);
  expect(await ann.beforeBarrier(ben, 'r'), 'nobody was announced').toEqual([]);
  await ann.drop();
  await ben.drop();
});

test('G3, G4: a node that stood still longer than the grace period finds its peers announced, and they are told', async () => {
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
  expect(await ann.inbox.next(), 'once, and no more of it').toMatchObject({ __typename: 'PeerAdded' });
  await ann.drop();
  await ben.drop();
});
