import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ApiClient, access } from '../support/client.ts';
import { MessageStream } from '../support/message-stream.ts';
import { hubs, type Pair, startPair } from './nodes.ts';
import { GuestPeer, wholly } from './peer.ts';

const strict = 'application/graphql-response+json';

/** Wrong values for an argument, by what is wrong with them. */
type Wrong = Readonly<Record<string, unknown>>;

/** Values that neither ID nor String accepts. An integer is not among them: GraphQL accepts it as an ID. */
const wrongTypes: Wrong = {
  boolean: true,
  fraction: 1.5,
  object: { r: 1 },
  list: ['r'],
  null: null,
  missing: undefined,
};

const unprintable: Wrong = {
  empty: '',
  'a NUL': 'a\u0000',
  'a line feed': 'a\nb',
  'a DEL': '\u007f',
  'a C1 control': 'a\u0085',
  'a line separator': 'a\u2028b',
  'a bidi override': 'a\u202eb',
  'a bidi isolate': '\u2066a',
  'a zero width space': 'a\u200b',
  'a byte order mark': '\ufeff',
  'a private use character': '\ue000',
  'a high surrogate alone': '\ud83d',
  'a low surrogate alone': 'a\udc4b',
};

const wrongEvents: Wrong = {
  number: 5,
  empty: '',
  'a space': 'an offer',
  'a line feed': 'offer\n',
  'an accent': 'appelé',
  'a slash': 'a/b',
  'an emoji': '👋',
  '65 characters': 'e'.repeat(65),
};

const wrongCursors: Wrong = {
  empty: '',
  word: 'abc',
  negative: '-1',
  'with a fraction': '1.5',
  'with an exponent': '1e3',
  hexadecimal: '0x10',
  'with a leading zero': '01',
  two: '1 2',
  'with 17 digits': '9'.repeat(17),
};

const mutations = {
  joinRoom: 'mutation ($roomId: ID!, $state: JSON) { joinRoom(roomId: $roomId, state: $state) { id } }',
  leaveRoom: 'mutation ($roomId: ID!) { leaveRoom(roomId: $roomId) }',
  relay: `mutation ($roomId: ID!, $peerId: ID!, $event: String!, $data: JSON) {
    relay(roomId: $roomId, peerId: $peerId, event: $event, data: $data) { cursor }
  }`,
  broadcast: `mutation ($roomId: ID!, $event: String!, $data: JSON) {
    broadcast(roomId: $roomId, event: $event, data: $data) { cursor }
  }`,
  setState: 'mutation ($roomId: ID!, $state: JSON) { setState(roomId: $roomId, state: $state) { state } }',
  room: 'query ($roomId: ID!) { room(roomId: $roomId) { id } }',
  access: 'mutation ($username: String!) { access(username: $username) { token } }',
} as const;

/** Stands for arrays nested this deep. `toBody` writes them out, because `JSON.stringify` cannot go so deep. */
function nested(depth: number): string {
  return `nested ${depth} deep`;
}

function toBody(query: string, variables: unknown): string {
  return JSON.stringify({ query, variables }).replace(/"nested (\d+) deep"/, (_, depth) => {
    return '['.repeat(Number(depth)) + ']'.repeat(Number(depth));
  });
}

describe.each(hubs)('bad input (hub: %s)', (hub) => {
  let pair: Pair;
  let ann: GuestPeer;
  let vic: GuestPeer;
  let client: ApiClient;

  beforeAll(async () => {
    pair = await startPair(hub);
    ann = await GuestPeer.arrive('ann', wholly(pair.a));
    vic = await GuestPeer.arrive('vic', wholly(pair.b));
    for (const peer of [ann, vic]) await peer.join('r');
    client = new ApiClient(pair.a.url, ann.token);
    await ann.inbox.take(1);
    await vic.inbox.take(1);
  });

  afterAll(() => pair[Symbol.asyncDispose]());

  /** Expects that both streams are still open, that nothing reached either peer, and that the room is unchanged. */
  async function expectUnharmed(): Promise<void> {
    expect(await vic.beforeBarrier(ann, 'r'), 'messages to the other peer').toEqual([]);
    expect(await ann.beforeBarrier(vic, 'r'), 'messages to the caller').toEqual([]);
    expect(await ann.room('r')).toMatchObject({
      members: [{ peer: { id: ann.id }, state: null }, { peer: { id: vic.id } }],
    });
  }

  /**
   * Sends the query once for each of the two media types of JSON. If GraphQL itself refuses the input, nothing is
   * executed: the newer media type then has the status 400, and the older one 200.
   */
  async function expectRefused(query: string, variables: unknown, code: string, what: string): Promise<void> {
    for (const accept of ['application/json', strict]) {
      const { status, body } = await client.send(toBody(query, variables), { accept });
      const [error] = body.errors ?? [];
      expect(error?.extensions?.code, `${what}: ${JSON.stringify(body).slice(0, 300)}`).toBe(code);
      expect(error?.message, what).toMatch(/\w{3,} .*\w/);
      expect(error?.message, what).not.toMatch(/unexpected error|at .*\.[jt]s:/i);
      const executed = 'data' in body;
      expect(status, what).toBe(accept === strict && !executed ? 400 : 200);
    }
  }

  async function expectAllRefused(
    name: keyof typeof mutations,
    argument: string,
    wrong: Wrong,
    code = 'BAD_USER_INPUT',
  ): Promise<void> {
    const good = { roomId: 'r', peerId: vic.id, event: 'offer', data: 1, state: 1, username: 'eve' };
    for (const [what, value] of Object.entries(wrong)) {
      const variables = { ...good, [argument]: value };
      await expectRefused(mutations[name], variables, code, `${name}(${argument}: ${what})`);
    }
  }

  const withRoom = ['joinRoom', 'leaveRoom', 'relay', 'broadcast', 'setState', 'room'] as const;

  test.each(withRoom)(
    '`roomId` of `%s` is refused if it is not 1 to 128 printable characters',
    async (name) => {
      await expectAllRefused(name, 'roomId', {
        ...wrongTypes,
        ...unprintable,
        '129 letters': 'r'.repeat(129),
        '129 emoji': '👋'.repeat(129),
        'very many': 'r'.repeat(100_000),
      });
      await expectUnharmed();
    },
  );

  test('`username` is refused if it is not 1 to 64 printable characters', async () => {
    await expectAllRefused('access', 'username', {
      ...wrongTypes,
      number: 5,
      ...unprintable,
      '65 letters': 'u'.repeat(65),
      '65 emoji': '👋'.repeat(65),
    });
    await expectUnharmed();
  });

  test('`event` is refused if it is not 1 to 64 letters, digits or any of `_ . : -`', async () => {
    for (const name of ['relay', 'broadcast'] as const) {
      await expectAllRefused(name, 'event', { ...wrongTypes, ...wrongEvents });
    }
    await expectUnharmed();
  });

  test('`peerId` is refused if it is not another peer in the room', async () => {
    await expectAllRefused('relay', 'peerId', wrongTypes);
    await expectAllRefused('relay', 'peerId', { oneself: ann.id });
    const absent = { ...unprintable, number: 5, long: 'p'.repeat(100_000), padded: `${vic.id} ` };
    await expectAllRefused('relay', 'peerId', absent, 'PEER_NOT_IN_ROOM');
    await expectUnharmed();
  });

  test('`data` and `state` are refused with a key `__proto__`, nested too deeply, or above 64 KiB', async () => {
    const polluting: Wrong = {
      'at the top': JSON.parse('{"__proto__": {"admin": true}}'),
      'further down': JSON.parse('{"a": [1, {"b": {"__proto__": null}}]}'),
      escaped: JSON.parse('[{"\\u005f_proto__": 1}]'),
      'nested 10,000 levels deep': nested(10_000),
    };
    const large: Wrong = {
      'one byte more': 'x'.repeat(64 * 1024 - 1),
      'in few characters': 'é'.repeat(32 * 1024),
      'in many pieces': Array(32 * 1024 + 1).fill(1),
    };
    const arguments_ = { relay: 'data', broadcast: 'data', joinRoom: 'state', setState: 'state' } as const;
    for (const name of ['relay', 'broadcast', 'joinRoom', 'setState'] as const) {
      await expectAllRefused(name, arguments_[name], polluting);
      await expectAllRefused(name, arguments_[name], large, 'PAYLOAD_TOO_LARGE');
    }
    await expectUnharmed();
  });

  test('a wrong value is refused also as a literal in the query', async () => {
    const wrong = [
      ...['true', '1.5', '{r: 1}', '["r"]', 'null', 'r', '""', '"\\u202e"', '"\\uD83D"', '"a\\nb"'].map(
        (literal) => `mutation { joinRoom(roomId: ${literal}) { id } }`,
      ),
      'mutation { joinRoom { id } }',
      'mutation { broadcast(roomId: "r", event: 5) { cursor } }',
      'mutation { broadcast(roomId: "r", event: offer) { cursor } }',
      'mutation { broadcast(roomId: "r", event: "an offer") { cursor } }',
      'mutation { broadcast(roomId: "r", event: "e", data: {__proto__: {admin: true}}) { cursor } }',
      'mutation { broadcast(roomId: "r", event: "e", data: [{a: {__proto__: 1}}]) { cursor } }',
      `mutation { broadcast(roomId: "r", event: "e", data: ${'['.repeat(9000)}${']'.repeat(9000)}) { cursor } }`,
      'mutation { broadcast(roomId: "r", event: "e", date: 1) { cursor } }',
      'mutation { access(username: 5) { token } }',
      'mutation { broadcast(roomId: "r", event: "e" { cursor } }',
    ];
    for (const query of wrong) await expectRefused(query, undefined, 'BAD_USER_INPUT', query.slice(0, 100));
    const around = 'mutation ($x: JSON) { broadcast(roomId: "r", event: "e", data: {a: $x}) { cursor } }';
    const x = JSON.parse('{"__proto__": 1}');
    await expectRefused(around, { x }, 'BAD_USER_INPUT', 'a variable within a literal');
    await expectUnharmed();
  });

  test('a wrong `after`, `Last-Event-ID` or `heartbeat` ends the new stream with BAD_USER_INPUT, and the open one goes on', async () => {
    // Null and undefined count as absent, and a stream without a cursor begins a new session.
    const { null: _, missing: __, ...given } = wrongTypes;
    const attempts = [
      ...Object.values({ ...given, ...wrongCursors, ...unprintable }).map((after) => ({ after })),
      ...Object.values(wrongCursors).flatMap((cursor) =>
        cursor === '' ? [] : [{ lastEventId: String(cursor) }],
      ),
      ...[4, 301, 0, -1, 5.5, 1e10, '5', true, {}, [5]].map((heartbeat) => ({
        heartbeat,
        after: ann.cursor,
      })),
      { lastEventId: 'abc', after: ann.cursor },
    ];
    for (const options of attempts) {
      const what = JSON.stringify(options);
      const stream = await MessageStream.open(pair.a.url, ann.token, options);
      expect(await stream.outcome, what).toEqual({ how: 'complete', code: 'BAD_USER_INPUT' });
      expect(stream.messages.all, what).toEqual([]);
    }
    await expectUnharmed();
  });

  test('values of exactly the maximum size or length are accepted, and arrive unchanged', async () => {
    const maxBytes = 64 * 1024;
    const values = ['x'.repeat(maxBytes - 2), 'é'.repeat(maxBytes / 2 - 1), Array(maxBytes / 2 - 1).fill(1)];
    for (const value of values) {
      const { cursor } = await ann.relay('r', vic, 'e'.repeat(64), value);
      expect(await vic.inbox.take(1)).toMatchObject([{ cursor, data: value }]);
      await ann.setState('r', value);
      expect(await vic.inbox.take(1)).toMatchObject([{ __typename: 'PeerChanged', state: value }]);
    }
    await ann.setState('r', null);
    await vic.inbox.take(1);

    const odd = {
      '': null,
      'a b': [[], {}, -0.5e-7, 2 ** 53],
      constructor: '"__proto__":',
      lone: '\ud800\u2028\u0000',
    };
    await ann.broadcast('r', 'a_B:c.d-1', odd);
    expect(await vic.inbox.take(1)).toMatchObject([{ event: 'a_B:c.d-1', data: odd }]);

    const room = '👋🏽'.repeat(64);
    expect(await vic.join(room, ['__proto__'])).toMatchObject({ id: room });
    const { peer } = await access(pair.b.url, '👩‍🚀'.repeat(21));
    expect(peer.username).toHaveLength(21 * 5);
    expect(await vic.leave(room)).toBe(true);
    await expectUnharmed();
  });

  test('G3: data of any accepted depth arrives, and no stream is lost', async () => {
    let [accepted, refused] = [10, 30_000];
    while (refused - accepted > 1) {
      const depth = Math.floor((accepted + refused) / 2);
      const variables = { roomId: 'r', peerId: vic.id, event: 'deep', data: nested(depth) };
      const { body } = await client.send(toBody(mutations.relay, variables));
      if (body.errors) {
        expect(body.errors, `a depth of ${depth}`).toMatchObject([
          { extensions: { code: 'BAD_USER_INPUT' } },
        ]);
        refused = depth;
      } else {
        const { relay } = body.data as { relay: { cursor: string } };
        await vic.inbox.next((message) => message.cursor === relay.cursor, `data of a depth of ${depth}`);
        accepted = depth;
      }
    }
    await expectUnharmed();
  });
});
