import { Redis } from 'ioredis';
import { expect, inject, test } from 'vitest';
import { access } from '../support/client.ts';
import { type NodeProcess, startNode } from '../support/node.ts';
import { freshPrefix } from '../support/redis.ts';
import { forEachOf } from './nodes.ts';
import { GuestPeer, wholly } from './peer.ts';
import type { Holdings } from './probe.ts';

const rounds = 5;
const streamsPerRound = 400;
const atOnce = 20;
const halls = Array.from({ length: 20 }, (_, i) => `hall ${i}`);

/** What the node holds now, as the probe in its process counts it. `which` is the number of this count. */
async function holdingsOf(node: NodeProcess, which: number): Promise<Holdings> {
  process.kill(node.pid, 'SIGUSR2');
  return (await node.logged(`holdings ${which}`)) as unknown as Holdings;
}

test('G8: after 2,000 streams were opened, used and dropped, the node and Redis hold no more than before', {
  timeout: 240_000,
}, async () => {
  const prefix = freshPrefix();
  const probe = new URL('probe.ts', import.meta.url).href;
  await using node = await startNode({
    env: { REDIS_URL: inject('redisUrl'), REDIS_PREFIX: prefix, GRACE_SECONDS: '0.2' },
    // V8 discards the code of functions that did not run for a while. That would hide a leak.
    nodeArgs: ['--no-flush-bytecode', '--import', probe],
  });
  const at = wholly(node);
  const witness = await GuestPeer.arrive('witness', at);
  for (const hall of halls) await witness.join(hall);
  // The same peers come in each round, because the node remembers tokens that it verified.
  const guests = await Promise.all(
    Array.from({ length: streamsPerRound }, (_, i) => access(node.url, `guest${i}`)),
  );

  const found: Holdings[] = [];
  for (let round = 1; round <= rounds; round++) {
    await forEachOf(guests, atOnce, async ({ token, peer }, i) => {
      const hall = halls[i % halls.length] as string;
      const guest = new GuestPeer(peer.id, peer.username, token, at);
      await guest.open();
      await guest.join(hall, { round });
      await guest.join(`room ${i}`);
      await witness.relay(hall, guest, 'hello', 'x'.repeat(1000));
      await guest.inbox.next((message) => message.__typename === 'Signal');
      // A quarter of the guests resume once, and a third leave a room before they go.
      if (i % 4 === 0) {
        await guest.drop();
        await guest.resume();
      }
      if (i % 3 === 0) await guest.leave(`room ${i}`);
      await guest.drop();
    });
    // When each guest is removed from its hall, its session has ended.
    for (let left = streamsPerRound; left > 0; left--) {
      await witness.inbox.next((message) => message.__typename === 'PeerRemoved', `${left} more to go`);
    }
    found.push(await holdingsOf(node, round));
  }

  const [first] = found;
  const last = found.at(-1);
  if (!first || !last) throw new Error('There were five rounds.');
  expect(last, 'only the stream of the witness is left').toMatchObject({
    streams: 1,
    eventStreams: 1,
    sessions: 1,
  });
  // A few requests may be about to end. A leak would leave one object per stream.
  for (const kind of ['requests', 'responses', 'sockets', 'timers', 'listeners', 'promises'] as const) {
    expect(last[kind], kind).toBeLessThan(first[kind] + 10);
  }
  // Caches fill, and code is compiled. Only a leak makes the heap larger in every round.
  const growths = found.slice(1).map(({ heapBytes }, i) => heapBytes - (found[i]?.heapBytes ?? 0));
  expect(Math.min(...growths) / streamsPerRound, `bytes a stream, of ${growths}`).toBeLessThan(50);

  for (const hall of halls) await witness.leave(hall);
  const redis = new Redis(inject('redisUrl'));
  try {
    const keys = await keysOf(redis, prefix);
    expect(keys.join(), 'the session of the witness').toContain(witness.id);
    expect(keys.filter((key) => guests.some(({ peer }) => key.includes(peer.id)))).toEqual([]);
    for (const key of keys.filter((name) => name.includes('room') || name.includes('hall'))) {
      expect(await redis.zscore(`{${prefix}}:expiring`, key), `${key} expires`).not.toBeNull();
    }
  } finally {
    redis.disconnect();
  }
  await witness.drop();
});

async function keysOf(redis: Redis, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const batch of redis.scanStream({ match: `{${prefix}}:*`, count: 1000 })) keys.push(...batch);
  return keys;
}
