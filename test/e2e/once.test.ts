import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ApiClient, type Receipt } from '../support/client.ts';
import { hubs, type Pair, startPair } from './nodes.ts';
import { GuestPeer, wholly } from './peer.ts';

const relay = `mutation ($peerId: ID!, $key: ID) {
  relay(roomId: "r", peerId: $peerId, event: "once", data: 1, key: $key) { cursor status }
}`;
const broadcast = `mutation ($key: ID) {
  broadcast(roomId: "r", event: "once", data: 1, key: $key) { cursor status }
}`;

const wrongKeys = {
  empty: '',
  boolean: true,
  fraction: 1.5,
  object: { k: 1 },
  list: ['k', 'l'],
  'a line feed': 'a\nb',
  'a bidi override': 'a\u202eb',
  'a high surrogate alone': '\ud83d',
  '65 letters': 'k'.repeat(65),
  '65 emoji': '👋'.repeat(65),
};

describe.each(hubs)('messages with a key (hub: %s)', (hub) => {
  let pair: Pair;
  let ann: GuestPeer;
  let vic: GuestPeer;
  beforeAll(async () => {
    pair = await startPair(hub);
    ann = await GuestPeer.arrive('ann', wholly(pair.a));
    vic = await GuestPeer.arrive('vic', wholly(pair.b));
    for (const peer of [ann, vic]) await peer.join('r');
    await vic.inbox.take(1);
  });
  afterAll(() => pair[Symbol.asyncDispose]());

  test.each(Object.entries(wrongKeys))(
    'a `key` that is not 1 to 64 printable characters is refused: %s',
    async (_what, key) => {
      const client = new ApiClient(pair.a.url, ann.token);
      for (const query of [relay, broadcast]) {
        const refused = client.run(query, { peerId: vic.id, key });
        await expect(refused).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
      }
      expect(await vic.beforeBarrier(ann, 'r')).toEqual([]);
    },
  );

  test.each(['👋'.repeat(64), 'a key', 7])(
    'G14: a call repeated with its key, at either node, is answered with the first receipt: %j',
    async (key) => {
      const [here, there] = [pair.a, pair.b].map(({ url }) => new ApiClient(url, ann.token));
      const variables = { peerId: vic.id, key };
      const first = await here?.run<{ relay: Receipt }>(relay, variables);
      expect(await here?.run(relay, variables)).toEqual(first);
      expect(await there?.run(relay, variables)).toEqual(first);
      expect(await there?.run(broadcast, variables)).toEqual({ broadcast: first?.relay });
      const heard = await vic.beforeBarrier(ann, 'r');
      expect(heard).toMatchObject([{ event: 'once', cursor: first?.relay.cursor }]);
    },
  );

  test('G14: two fields of one request with the same key send one message', async () => {
    const call = 'broadcast(roomId: "r", event: "once", key: "twice in one request") { cursor status }';
    const client = new ApiClient(pair.a.url, ann.token);
    const { a, b } = await client.run<{ a: Receipt; b: Receipt }>(`mutation { a: ${call} b: ${call} }`, {});
    expect(b).toEqual(a);
    expect(await vic.beforeBarrier(ann, 'r')).toMatchObject([{ event: 'once', cursor: a.cursor }]);
  });

  test('G14: calls without a key, or with null, are sent each time', async () => {
    const client = new ApiClient(pair.a.url, ann.token);
    for (const key of [undefined, null, undefined, null]) await client.run(broadcast, { key });
    expect(await vic.beforeBarrier(ann, 'r')).toHaveLength(4);
  });
});
