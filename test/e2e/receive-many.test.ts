import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { startNode } from '../support/node.ts';
import { hubs, startPair } from './nodes.ts';
import { GuestPeer, wholly } from './peer.ts';
import { dataOf, Poller, waitingPolls } from './poller.ts';

test.each(hubs)(
  'G11: a node that drains answers the polls that wait, and they go on elsewhere (hub: %s)',
  async (hub) => {
    await using pair = await startPair(hub, { DRAIN_SECONDS: '0', LOG_LEVEL: 'debug' });
    const vic = await Poller.arrive(pair.a.url, 'vic');
    await vic.poll(pair.a.url);
    const waits = waitingPolls(pair.a);
    const waiting = vic.poll(pair.a.url, { wait: 50 });
    await waits();
    const exit = pair.a.kill();
    expect(await waiting).toEqual([]);
    expect(await exit).toEqual({ code: 0, signal: null });
    if (hub === 'Redis') expect(await vic.poll(pair.b.url, { wait: 0 })).toEqual([]);
  },
);

test('G13: a steady poller in a busy room does not reach its limits', { timeout: 60_000 }, async () => {
  await using node = await startNode({ env: { RATE_PEER: '0.3' } });
  const senders = [await GuestPeer.arrive('ann', wholly(node)), await GuestPeer.arrive('ben', wholly(node))];
  for (const sender of senders) await sender.join('r');
  const vic = await Poller.arrive(node.url, 'vic');
  await vic.poll(node.url, { join: [{ roomId: 'r' }] });
  const sending = senders.map(async (sender) => {
    for (let n = 0; n < 100; n++) {
      await sender.broadcast('r', 'n', n);
      await sleep(40);
    }
  });
  const got: unknown[] = [];
  let polls = 0;
  for (; got.length < 200; polls++) got.push(...dataOf(await vic.poll(node.url)));
  await Promise.all(sending);
  // More than a peer may open streams: 6, and one more every three seconds.
  expect(polls).toBeGreaterThan(20);
  for (const sender of senders) await sender.drop();
});

test('G13: polls that wait do not hold up the other calls of their address', {
  timeout: 60_000,
}, async () => {
  await using node = await startNode({ env: { LOG_LEVEL: 'debug' } });
  const ann = await GuestPeer.arrive('ann', wholly(node));
  await ann.join('r');
  // An address may have 32 calls at a time.
  const pollers = await Promise.all(
    Array.from({ length: 50 }, (_, n) => Poller.arrive(node.url, `poller ${n}`)),
  );
  await Promise.all(pollers.map((poller) => poller.poll(node.url)));
  const wait = waitingPolls(node);
  let answered = 0;
  const polls = pollers.map((poller) =>
    poller.poll(node.url, { wait: 50 }).finally(() => {
      answered += 1;
    }),
  );
  await wait(50);
  // Without a turn, a call is refused after 2 seconds.
  for (let n = 0; n < 20; n++) await ann.broadcast('r', 'n', n);
  expect(answered).toBe(0);
  await ann.drop();
  const ended = Promise.allSettled(polls);
  await node.kill('SIGKILL');
  await ended;
});
