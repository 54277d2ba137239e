import { once } from 'node:events';
import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { access } from '../support/client.ts';
import { MessageStream } from '../support/message-stream.ts';
import { hubs, type Pair, startPair } from './nodes.ts';
import { GuestPeer, wholly } from './peer.ts';

/** A room may have two peers, and a peer may be in three rooms. */
const env = { GRACE_SECONDS: '1', MAX_PEERS_PER_ROOM: '2', MAX_ROOMS_PER_PEER: '3' };

const selection = `__typename cursor
  ... on Connected { resumed rooms { id members { peer { username } state } } }
  ... on PeerAdded { roomId offer state peer { username } }`;

/** What an EventSource does: a GET with its first URL, and with the id of the last event when it comes back. */
async function eventSource(
  url: string,
  query: string,
  token: string,
  lastEventId?: string,
  variables = '{}',
) {
  const search = new URLSearchParams({ query, variables, access_token: token });
  const headers = { accept: 'text/event-stream', ...(lastEventId && { 'last-event-id': lastEventId }) };
  const req = request(`${url}/graphql?${search}`, { agent: false, headers }).end();
  const [response] = await once(req, 'response');
  let text = '';
  response.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  response.on('error', () => undefined);
  return {
    status: response.statusCode as number,
    /** Resolves to everything that came, once it contains the part. */
    until: async (part: string) => {
      await expect.poll(() => text, { timeout: 5000 }).toContain(part);
      return text;
    },
    close: () => req.destroy(),
  };
}

describe.each(hubs)('messages(join:) (hub: %s)', (hub) => {
  let pair: Pair;
  let rooms = 0;
  const newRoom = () => `room ${++rooms}`;
  beforeAll(async () => {
    pair = await startPair(hub, env);
  });
  afterAll(() => pair[Symbol.asyncDispose]());

  test('G15: an EventSource that comes back by itself is back in its rooms, after its grace period too', async () => {
    const room = newRoom();
    const ann = await GuestPeer.arrive('ann', wholly(pair.b));
    await ann.join(room);
    const { token, peer } = await access(pair.a.url, 'vic');
    const join = `[{ roomId: "${room}", state: { colour: green } }]`;
    const query = `subscription { messages(join: ${join}) { ${selection} } }`;
    let lastEventId: string | undefined;
    for (const { url, away } of [
      { url: pair.a.url, away: 0 },
      { url: pair.b.url, away: 0 },
      { url: pair.a.url, away: 2000 },
    ]) {
      if (away > 0) {
        expect(await ann.inbox.next((message) => message.__typename === 'PeerRemoved')).toMatchObject({
          reason: 'DISCONNECTED',
        });
      }
      const isNew = lastEventId === undefined || away > 0;
      const stream = await eventSource(url, query, token, lastEventId);
      expect(stream.status).toBe(200);
      await stream.until(`"resumed":${!isNew},"rooms":[{"id":"${room}","members":[`);
      if (isNew) {
        const added = await ann.inbox.next((message) => message.__typename === 'PeerAdded');
        expect(added).toMatchObject({ offer: false, peer, state: { colour: 'green' } });
        await stream.until(`"roomId":"${room}","offer":true,"state":null,"peer":{"username":"ann"}`);
      }
      const { cursor } = await ann.relay(room, peer, 'hello');
      const text = await stream.until(`id: ${cursor}\n`);
      lastEventId = cursor;
      expect(text.match(/"PeerAdded"/g) ?? [], text).toHaveLength(isNew ? 1 : 0);
      stream.close();
    }
    await ann.drop();
  });

  test('G12, G15: a state comes out as the JSON text that went in, in a variable and in the query', async () => {
    const [one, two] = [newRoom(), newRoom()];
    const { token } = await access(pair.a.url, 'vic');
    const text = '{"b":750727362669608961,"a":[1e400,-0,1.10],"b":"\\u0041"}';
    const literal = '{ b: 750727362669608961, a: [1e400, -0, 1.10], c: $part }';
    const queries = [
      `subscription ($join: [JoinInput!]) { messages(join: $join) { ${selection} } }`,
      `subscription ($state: JSON, $id: ID!) { messages(join: [{ roomId: $id, state: $state }]) { ${selection} } }`,
      `subscription ($part: JSON) { messages(join: { roomId: "${two}", state: ${literal} }) { ${selection} } }`,
    ];
    const variables = [
      `{"join":[{"roomId":"${one}","state": ${text} },{"state":[ ${text} ],"roomId":"${two}"}]}`,
      `{"id":"${one}","state":${text}}`,
      '{"part":{"n":1.0}}',
    ];
    const written = [
      [`"state":${text}`, `"state":[${text}]`],
      [`"state":${text}`],
      ['"state":{"b":750727362669608961,"a":[1e400,-0,1.10],"c":{"n":1.0}}'],
    ];
    for (const [i, query] of queries.entries()) {
      const stream = await eventSource(pair.a.url, query, token, undefined, variables[i]);
      for (const state of written[i] ?? []) await stream.until(state);
      stream.close();
    }
  });

  test('G15: a room that is named twice is entered once, with the state that is named first', async () => {
    const room = newRoom();
    const join = [
      { roomId: room, state: 'first' },
      { roomId: room, state: 'second' },
      ...['a', 'b', 'a', 'b'].map((roomId) => ({ roomId })),
    ];
    const { token } = await access(pair.a.url, 'vic');
    const stream = await MessageStream.open(pair.a.url, token, { join });
    const [connected] = await stream.messages.take(1);
    expect(connected).toMatchObject({
      rooms: [{ id: room, members: [{ state: 'first' }] }, { id: 'a' }, { id: 'b' }],
    });
    await stream.drop();
  });

  test('G15: rooms that cannot be entered end the stream with their error, and the open one goes on', async () => {
    const [room, full] = [newRoom(), newRoom()];
    const ann = await GuestPeer.arrive('ann', wholly(pair.a));
    const ben = await GuestPeer.arrive('ben', wholly(pair.b));
    for (const peer of [ann, ben]) await peer.join(full);
    const vic = await GuestPeer.arrive('vic', wholly(pair.b), { join: [{ roomId: room }] });
    const large = 'x'.repeat(64 * 1024);
    const polluted = JSON.parse('{"__proto__":1}');
    const refusals: readonly (readonly [code: string, join: unknown])[] = [
      ['ROOM_FULL', [{ roomId: full }]],
      ['ROOM_FULL', [{ roomId: newRoom() }, { roomId: full }]],
      ['TOO_MANY_ROOMS', ['a', 'b', 'c', 'd'].map((roomId) => ({ roomId }))],
      ['PAYLOAD_TOO_LARGE', [{ roomId: newRoom(), state: large }]],
      ['BAD_USER_INPUT', [{ roomId: newRoom() }, { roomId: '' }]],
      ['BAD_USER_INPUT', [{ roomId: 'a\nb' }]],
      ['BAD_USER_INPUT', [{ roomId: room, state: polluted }]],
      ['BAD_USER_INPUT', [{ roomId: null }]],
      ['BAD_USER_INPUT', [{ state: 1 }]],
      ['BAD_USER_INPUT', [{ roomId: room, colour: 'green' }]],
      ['BAD_USER_INPUT', [null]],
      ['BAD_USER_INPUT', 'room'],
    ];
    for (const after of [undefined, vic.cursor]) {
      for (const [code, join] of refusals) {
        const stream = await MessageStream.open(pair.a.url, vic.token, { join, after });
        expect(await stream.outcome, JSON.stringify(join).slice(0, 100)).toEqual({ how: 'complete', code });
        expect(stream.messages.all).toEqual([]);
      }
    }
    const query = `subscription { messages(join: [{ roomId: "${full}" }]) { ${selection} } }`;
    const source = await eventSource(pair.b.url, query, vic.token);
    expect(source.status).toBe(200);
    const text = await source.until('event: complete\ndata:\n\n');
    expect(text).toContain('event: next\ndata: {');
    expect(text).toContain(`You cannot enter the room \\"${full}\\", which \`join\` names: it is full.`);

    await ann.leave(full);
    await ann.join(room);
    await vic.inbox.next((message) => message.__typename === 'PeerAdded' && message.roomId === room);
    expect(await vic.beforeBarrier(ann, room)).toEqual([]);
    for (const peer of [ann, ben, vic]) await peer.drop();
  });

  test('G15: a resumed session enters the rooms that it is not in, and Connected shows them', async () => {
    const [old, added] = [newRoom(), newRoom()];
    const ann = await GuestPeer.arrive('ann', wholly(pair.a));
    for (const room of [old, added]) await ann.join(room);
    const join = [{ roomId: old, state: 1 }];
    const vic = await GuestPeer.arrive('vic', { stream: pair.b.url, calls: pair.a.url }, { join });
    await vic.inbox.take(1);
    await ann.inbox.take(1);
    const connected = await vic.resume({ join: [...join, { roomId: added, state: 2 }] });
    expect(connected).toMatchObject({
      resumed: true,
      rooms: [
        { id: old, members: [{ state: null }, { state: 1 }] },
        { id: added, members: [{ state: null }, { state: 2 }] },
      ],
    });
    expect(await vic.inbox.take(1)).toMatchObject([{ roomId: added, offer: true, peer: { id: ann.id } }]);
    expect(await ann.inbox.take(1)).toMatchObject([{ roomId: added, offer: false, peer: { id: vic.id } }]);
    expect(await ann.beforeBarrier(vic, old)).toEqual([]);
    for (const peer of [ann, vic]) await peer.drop();
  });
});
