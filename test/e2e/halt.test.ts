import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';
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

async function connectTo(url: string): Promise<Socket> {
  const { port } = new URL(url);
  const socket = connect(Number(port), '127.0.0.1');
  await once(socket, 'connect');
  return socket;
}

/** Sends a request and the end of the connection, and does not wait for an answer. */
async function post(socket: Socket, token: string, body: object, accept: string): Promise<Socket> {
  const text = JSON.stringify(body);
  const head = [
    'POST /graphql HTTP/1.1',
    'Host: localhost',
    `Accept: ${accept}`,
    'Content-Type: application/json',
    `Authorization: Bearer ${token}`,
    `Content-Length: ${text.length}`,
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${text}`);
  await once(socket, 'finish');
  return socket;
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
  const query = 'subscription ($after: ID) { messages(after: $after) { cursor } }';
  const ask = async (variables: object) =>
    post(await connectTo(a.url), ben.token, { query, variables }, 'text/event-stream');
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

test('G2: calls that clients gave up while the node was halted have no effect later', async () => {
  await using pair = await startPair('Redis');
  const { a, b } = pair;
  const [ann, ben] = await meet(b, b);
  const cat = await GuestPeer.arrive('cat', wholly(b));
  await ann.inbox.take(1);
  await ben.inbox.take(1);
  // One client of each kind: with a connection that it opened before the halt, and with a new one.
  const early = await connectTo(a.url);
  process.kill(a.pid, 'SIGSTOP');
  const late: Socket[] = [];
  const give = async (token: string, query: string, socket?: Socket) => {
    late.push(await post(socket ?? (await connectTo(a.url)), token, { query }, 'application/json'));
  };
  await give(ann.token, 'mutation { leaveRoom(roomId: "r") }', early);
  await give(ann.token, 'mutation { setState(roomId: "r", state: { v: 1 }) { state } }');
  const relay = `mutation { relay(roomId: "r", peerId: "${ben.id}", event: "relay", data: 1) { cursor } }`;
  await give(ann.token, relay);
  await give(cat.token, 'mutation { joinRoom(roomId: "r") { id } }');
  // A client that gives up has waited for a while.
  await setTimeout(500);
  for (const socket of late) socket.destroy();
  await ann.join('r');
  await ann.setState('r', { v: 2 });
  await ann.relay('r', ben, 'relay', 2);
  expect(await cat.leave('r'), 'its join did not happen').toBe(false);
  process.kill(a.pid, 'SIGCONT');
  // The node reads its connections in order: when it answers these, it has read the late calls.
  for (let i = 0; i < 3; i++) await new ApiClient(a.url, ben.token).run('{ me { id } }', {});
  expect(await ben.beforeBarrier(ann, 'r')).toMatchObject([
    { __typename: 'PeerChanged', state: { v: 2 } },
    { __typename: 'Signal', data: 2 },
  ]);
  expect((await ben.room('r'))?.members).toMatchObject([{ state: { v: 2 } }, { peer: { id: ben.id } }]);
  for (const peer of [ann, ben, cat]) await peer.drop();
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
