import { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, inject, it } from 'vitest';
import { Scripts } from '../../src/hub/redis/scripts/scripts.ts';
import { freshPrefix } from '../support/redis.ts';
import { payload } from './peer.ts';
import { defaultOptions, refusal } from './support.ts';

let redis: Redis;
let scripts: Scripts;
beforeEach(async () => {
  redis = new Redis(inject('redisUrl'));
  scripts = new Scripts(redis, freshPrefix(), 'node', defaultOptions);
  await scripts.beat({ beatMs: 800, leaseMs: 30_000, batch: 100, takeover: '', newestId: 0 });
  for (const id of ['ann', 'ben', 'cat']) {
    await scripts.open({ peer: { id, username: id, guest: false }, stream: id, after: undefined });
    if (id !== 'cat') await scripts.join(id, 'r', payload(null));
  }
});
afterEach(() => redis.quit());

const signal = { from: 'ann', roomId: 'r', to: 'ben', event: 'e', data: payload(null) };

/** The signals in the inbox of ben, in order. */
async function received(): Promise<readonly { readonly cursor: string; readonly data: unknown }[]> {
  const { snapshot } = await scripts
    .sync({ peerId: 'ben', stream: 'ben', after: '0', openedMs: 0 })
    .then((synced) => (synced.kind === 'snapshot' ? synced : expect.fail(synced.kind)));
  return snapshot.missed.flatMap(({ entry }) =>
    entry.type === 'Signal' ? [{ cursor: entry.cursor, data: JSON.parse(entry.data.text) }] : [],
  );
}

it('G2: the relays of one turn go out in one script, in their order, and each has a cursor of its own', async () => {
  const receipts = await Promise.all([1, 2, 3].map((n) => scripts.relay({ ...signal, data: payload(n) })));
  const [first] = receipts.map(({ cursor }) => Number(cursor));
  // Only one script gives consecutive ids.
  expect(receipts).toEqual(
    [0, 1, 2].map((i) => ({ cursor: String(Number(first) + i), status: 'DELIVERED', receivers: 1 })),
  );
  expect(await received()).toEqual(receipts.map(({ cursor }, i) => ({ cursor, data: i + 1 })));
  expect(scripts.newestId).toBe(Number(first) + 2);
});

it('G6, G14: each relay of one turn is refused or repeated by itself', async () => {
  const outcomes = await Promise.allSettled([
    scripts.relay({ ...signal, key: 'k', data: payload(1) }),
    scripts.relay({ ...signal, to: 'cat' }),
    scripts.relay({ ...signal, from: 'cat' }),
    scripts.relay({ ...signal, from: 'nobody' }),
    scripts.relay({ ...signal, key: 'k', data: payload('again') }),
    scripts.relay({ ...signal, data: payload(2) }),
  ]);
  const refused = (code: Parameters<typeof refusal>[0]) => ({ status: 'rejected', reason: refusal(code) });
  const sent = (receivers: number) => ({
    status: 'fulfilled',
    value: { cursor: expect.any(String), status: 'DELIVERED', receivers },
  });
  expect(outcomes).toEqual([
    sent(1),
    refused('PEER_NOT_IN_ROOM'),
    refused('NOT_IN_ROOM'),
    refused('NOT_CONNECTED'),
    sent(0),
    sent(1),
  ]);
  const [first, , , , again] = outcomes.map((each) => (each.status === 'fulfilled' ? each.value.cursor : ''));
  expect(again).toBe(first);
  expect((await received()).map(({ data }) => data)).toEqual([1, 2]);
});

it('G2: many and large relays of one turn arrive in their order', async () => {
  const large = 'x'.repeat(30_000);
  const sent = Array.from({ length: 100 }, (_, n) => (n % 10 === 0 ? `${n}${large}` : n));
  await Promise.all(sent.map((data) => scripts.relay({ ...signal, data: payload(data) })));
  expect((await received()).map(({ data }) => data)).toEqual(sent);
});

it('G10: all relays of a turn fail with UNAVAILABLE if Redis is away', async () => {
  redis.disconnect();
  const outcomes = await Promise.allSettled([scripts.relay(signal), scripts.relay(signal)]);
  const refused = { status: 'rejected', reason: refusal('UNAVAILABLE') };
  expect(outcomes).toEqual([refused, refused]);
  await redis.connect();
});
