import { expect, test } from 'vitest';
import { ApiClient, access } from '../support/client.ts';
import { MessageStream } from '../support/message-stream.ts';
import { startNode } from '../support/node.ts';
import { startPair } from './nodes.ts';
import { GuestPeer, wholly } from './peer.ts';

async function statusOf(url: string): Promise<number> {
  return (await fetch(url)).status;
}

test('G11: at SIGTERM under load, a node cuts its streams one by one, and they resume elsewhere without loss', async () => {
  await using pair = await startPair('Redis', { DRAIN_SECONDS: '2' });
  const { a, b } = pair;
  const sender = await GuestPeer.arrive('sender', wholly(b));
  await sender.join('r');
  const peers: GuestPeer[] = [];
  for (let i = 0; i < 20; i++) {
    const peer = await GuestPeer.arrive(`peer${i}`, wholly(a));
    await peer.join('r');
    peers.push(peer);
  }

  let stopped = false;
  const cutAt: number[] = [];
  const resumptions = peers.map(async (peer) => {
    expect(await peer.outcome(), 'the stream is cut, not completed').toMatchObject({ how: 'cut' });
    cutAt.push(performance.now());
    peer.moveTo(wholly(b));
    expect(await peer.resume()).toMatchObject({ resumed: true });
  });
  const sent: string[] = [];
  const sending = (async () => {
    while (!stopped) sent.push((await sender.broadcast('r', 'm', sent.length)).cursor);
  })();

  a.kill('SIGTERM');
  await expect.poll(() => statusOf(`${a.url}/ready`).catch(() => 0)).toBe(503);
  const late = new ApiClient(a.url, sender.token);
  expect(await late.run('{ me { username } }', {}), 'a draining node serves calls').toEqual({
    me: { username: 'sender' },
  });
  await expect(MessageStream.open(a.url, (await access(b.url, 'new')).token)).rejects.toMatchObject({
    status: 503,
    code: 'UNAVAILABLE',
  });
  await Promise.all(resumptions);
  expect(await a.exited).toEqual({ code: 0, signal: null });
  stopped = true;
  await sending;

  const spread = Math.max(...cutAt) - Math.min(...cutAt);
  expect(spread, 'the cuts were spread over time').toBeGreaterThan(1000);
  const last = sent.at(-1);
  for (const peer of peers) {
    await peer.inbox.until(({ cursor }) => cursor === last, 'the last broadcast');
    const got = peer.inbox.all
      .filter(({ __typename }) => __typename === 'Signal')
      .map(({ cursor }) => cursor);
    expect(got, `to ${peer.username}`).toEqual(sent);
    expect(peer.inbox.all.filter(({ __typename }) => __typename === 'PeerRemoved')).toEqual([]);
    await peer.drop();
  }
  await sender.drop();
});

test('G11: a second SIGTERM ends a draining node at once, and its streams resume elsewhere', async () => {
  await using pair = await startPair('Redis', { DRAIN_SECONDS: '60' });
  const { a, b } = pair;
  const peers = [await GuestPeer.arrive('ann', wholly(a)), await GuestPeer.arrive('ben', wholly(a))];
  a.kill('SIGTERM');
  await expect.poll(() => statusOf(`${a.url}/ready`).catch(() => 0)).toBe(503);
  a.kill('SIGTERM');
  expect(await a.exited).toEqual({ code: 1, signal: null });
  for (const peer of peers) {
    expect(await peer.outcome()).toMatchObject({ how: 'cut' });
    peer.moveTo(wholly(b));
    expect(await peer.resume()).toMatchObject({ resumed: true });
    await peer.drop();
  }
});

test('G8: at MAX_STREAMS, a node answers a new stream with 503 and Retry-After, and serves everything else', async () => {
  await using node = await startNode({ env: { MAX_STREAMS: '2' } });
  const ann = await GuestPeer.arrive('ann', wholly(node));
  const ben = await GuestPeer.arrive('ben', wholly(node));
  const { token } = await access(node.url, 'cat');
  const query = 'subscription { messages { cursor } }';
  const headers = { accept: 'text/event-stream', authorization: `Bearer ${token}` };
  const response = await fetch(`${node.url}/graphql`, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
  });
  expect(response.status).toBe(503);
  expect(response.headers.get('retry-after')).toBe('1');
  expect(await response.json()).toMatchObject({
    errors: [
      {
        message: expect.stringContaining('MAX_STREAMS'),
        extensions: { code: 'UNAVAILABLE', retryable: true },
      },
    ],
  });
  const asEventSource = await fetch(`${node.url}/graphql?query=${encodeURIComponent(query)}`, { headers });
  expect(asEventSource.status).toBe(200);
  expect(await asEventSource.text()).toMatch(/^retry: \d{4}\n\n$/);
  await ann.join('r');
  await ben.join('r');
  await ann.drop();
  const cat = await MessageStream.open(node.url, token);
  await cat.drop();
  await ben.drop();
});

test.each(['memory', 'Redis'] as const)(
  'G11: a node with one stream answers /ready with 503 for a while before it exits (%s)',
  async (hub) => {
    await using pair = await startPair(hub, { DRAIN_SECONDS: '2' });
    const { a } = pair;
    const ann = await GuestPeer.arrive('ann', wholly(a));
    a.kill('SIGTERM');
    await expect.poll(() => statusOf(`${a.url}/ready`)).toBe(503);
    expect(await ann.outcome()).toMatchObject({ how: 'cut' });
    expect(await statusOf(`${a.url}/ready`), 'a load balancer has time to see this').toBe(503);
    expect(await a.exited).toEqual({ code: 0, signal: null });
  },
);
