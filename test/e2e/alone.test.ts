import { createServer } from 'node:http';
import { setTimeout } from 'node:timers/promises';
import { expect, inject, onTestFinished, test } from 'vitest';
import { askReady } from '../../src/http/ask-ready.ts';
import { type NodeProcess, startNode } from '../support/node.ts';
import { freshPrefix } from '../support/redis.ts';
import { startWire, type Wire } from '../support/wire.ts';
import { GuestPeer, wholly } from './peer.ts';

interface Wired {
  readonly node: NodeProcess;
  /** Its line to Redis. */
  readonly wire: Wire;
}

/** Two nodes of one deployment, each with a line of its own to Redis. */
async function startWired(graceSeconds: number): Promise<readonly [Wired, Wired]> {
  const prefix = freshPrefix();
  const start = async (): Promise<Wired> => {
    const wire = await startWire(Number(new URL(inject('redisUrl')).port));
    onTestFinished(() => wire.stop());
    const env = {
      REDIS_URL: `redis://127.0.0.1:${wire.port}`,
      REDIS_PREFIX: prefix,
      GRACE_SECONDS: `${graceSeconds}`,
    };
    const node = await startNode({ env });
    onTestFinished(() => node[Symbol.asyncDispose]());
    return { node, wire };
  };
  const pair = [await start(), await start()] as const;
  // A node learns of the other with its next beat.
  await setTimeout(2000);
  return pair;
}

const statusOf = async (url: string) => (await fetch(url)).status;

test('G10: a node that alone has lost Redis cuts its streams, and they resume on another node within their grace', async () => {
  const [lost, sound] = await startWired(6);
  const ann = await GuestPeer.arrive('ann', wholly(sound.node));
  await ann.join('r');
  const peers: GuestPeer[] = [];
  for (let i = 0; i < 20; i++) {
    const peer = await GuestPeer.arrive(`peer ${i}`, { stream: lost.node.url, calls: sound.node.url });
    await peer.join('r');
    peers.push(peer);
  }
  for (const [i, peer] of peers.entries()) await peer.inbox.take(peers.length - i);
  lost.wire.stall();
  await Promise.all(
    peers.map(async (peer) => {
      const { cursor } = await ann.relay('r', peer, 'meanwhile');
      expect(await peer.outcome()).toMatchObject({ how: 'cut' });
      peer.moveTo(wholly(sound.node));
      expect(await peer.resume()).toMatchObject({ resumed: true });
      await peer.inbox.next((message) => message.cursor === cursor);
    }),
  );
  expect(await statusOf(`${lost.node.url}/ready`)).toBe(503);
  const newcomer = new GuestPeer(ann.id, ann.username, ann.token, wholly(lost.node));
  await expect(newcomer.open(), 'the node takes no stream').rejects.toMatchObject({ code: 'UNAVAILABLE' });
  // Longer than the grace period in all.
  await setTimeout(6000);
  lost.wire.release();
  await expect.poll(() => statusOf(`${lost.node.url}/ready`), { timeout: 10_000 }).toBe(200);
  const [first] = peers;
  if (!first) expect.fail();
  expect(
    (await ann.beforeBarrier(first, 'r')).filter(({ __typename }) => __typename === 'PeerRemoved'),
    'nobody was announced',
  ).toEqual([]);
  first.moveTo(wholly(lost.node));
  await first.drop();
  expect(await first.resume(), 'the node serves again').toMatchObject({ resumed: true });
  expect(lost.node.log()).toContainEqual(
    expect.objectContaining({ msg: 'streams cut', reason: 'alone', streams: 20 }),
  );
  for (const peer of [ann, ...peers]) await peer.drop();
});

test('G10: if all nodes have lost Redis, they cut no stream', async () => {
  const [one, other] = await startWired(6);
  const ann = await GuestPeer.arrive('ann', wholly(one.node));
  const ben = await GuestPeer.arrive('ben', wholly(other.node));
  await ann.join('r');
  await ben.join('r');
  for (const { wire } of [one, other]) wire.stall();
  await setTimeout(8000);
  for (const { node } of [one, other]) expect(await statusOf(`${node.url}/ready`)).toBe(503);
  for (const { wire } of [one, other]) wire.release();
  for (const { node } of [one, other]) {
    await expect.poll(() => statusOf(`${node.url}/ready`), { timeout: 10_000 }).toBe(200);
  }
  const { cursor } = await ann.relay('r', ben, 'after');
  await ben.inbox.next((message) => message.cursor === cursor);
  for (const { node } of [one, other]) {
    expect(node.log().filter(({ msg }) => msg === 'streams cut')).toEqual([]);
  }
  await ann.drop();
  await ben.drop();
});

test.each([
  ['is ready, but no node', 200, undefined],
  ['names a node, but is not ready', 503, '1a2b3c4d; silent=12'],
  ['redirects to another place', 302, '1a2b3c4d; silent=12'],
])('a node does not believe a listener that %s', async (_, status, sign) => {
  const server = createServer((_req, res) => {
    if (sign !== undefined) res.setHeader('Signalbox-Node', sign);
    res.writeHead(status, { Location: '/elsewhere' }).end();
  });
  onTestFinished(() => void server.close());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === 'object' && address?.port}`;
  expect(await askReady(url)).toBeUndefined();
  server.closeAllConnections();
  expect(await askReady('http://127.0.0.1:1')).toBeUndefined();
});

test('/ready tells other nodes who answers', async () => {
  const [{ node }] = await startWired(6);
  expect(await askReady(node.url)).toEqual({ nodeId: expect.any(String), silentMs: expect.any(Number) });
});
