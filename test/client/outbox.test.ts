import { expect, test } from 'vitest';
import { serveSignalbox } from '../http/support.ts';
import { startNode } from '../support/node.ts';
import { heardIn, pairInLobby } from './support.ts';

test('data that cannot be JSON is refused, and what is sent after it arrives', async () => {
  const { url } = await serveSignalbox();
  const { adasRoom, bensRoom } = await pairInLobby(url);
  const heard = heardIn(bensRoom);
  const circle: { self?: unknown } = {};
  circle.self = circle;
  const refused = expect(adasRoom.broadcast('n', circle as never)).rejects.toThrow(TypeError);
  await adasRoom.broadcast('n', 1);
  await refused;
  await expect.poll(() => heard).toEqual(['ada: n 1']);
});

test('G13: what goes beyond the limit of its peer arrives as fast as the limit allows, each message once', async () => {
  // 154 KiB at once, and 16 KiB more each second.
  await using node = await startNode({ env: { RATE_PEER: '0.2' } });
  const { adasRoom, bensRoom } = await pairInLobby(node.url);
  const heard: unknown[] = [];
  bensRoom.on('message', (_peer, event) => heard.push(event));
  const events = Array.from({ length: 22 }, (_, n) => `n${n}`);
  const receipts = await Promise.all(events.map((event) => adasRoom.broadcast(event, 'x'.repeat(8000))));
  expect(receipts).toEqual(events.map(() => ({ cursor: expect.any(String), status: 'DELIVERED' })));
  await expect.poll(() => heard).toEqual(events);
});
