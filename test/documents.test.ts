import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { buildClientSchema, getIntrospectionQuery, parse, validate } from 'graphql';
import { SignJWT } from 'jose';
import { afterAll, beforeAll, expect, expectTypeOf, test } from 'vitest';
import * as documents from '../src/documents.ts';
import {
  ACCESS,
  BROADCAST,
  CLOSE_ROOM,
  ICE_SERVERS,
  JOIN_ROOM,
  LEAVE_ROOM,
  ME,
  MESSAGES,
  type Message,
  RECEIVE,
  RELAY,
  REMOVE_PEER,
  RENEW,
  type ResultOf,
  ROOM,
  ROOMS,
  SET_STATE,
  type VariablesOf,
} from '../src/documents.ts';
import { createSignalbox } from '../src/index.ts';
import { keepingLog } from './library/support.ts';
import { ApiClient } from './support/client.ts';
import { tokenSecret } from './support/node.ts';

const { logger } = keepingLog();
const box = createSignalbox({ tokenSecret, rateAddress: 0, ratePeer: 0, logger });
let server: Server;
let url: string;

beforeAll(async () => {
  server = createServer(box.handler).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
});
afterAll(async () => {
  await box.close(0);
  server.close();
});

/** Runs a document, with the types that it knows. */
async function call<Document extends string>(
  document: Document,
  variables: VariablesOf<Document>,
  token?: string,
): Promise<ResultOf<Document>> {
  return await new ApiClient(url, token).run(document, variables as Record<string, unknown>);
}

/** Opens the stream of `MESSAGES`. Returns its messages, one after another. */
async function open(token: string, variables: VariablesOf<typeof MESSAGES>) {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      Accept: 'text/event-stream',
      Authorization: `Bearer ${token}`,
    },
    body: JSON.stringify({ query: MESSAGES, variables }),
  });
  return messagesOf(response.body as ReadableStream<Uint8Array>);
}

async function* messagesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<Message, undefined> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of body) {
    const lines = (text + decoder.decode(chunk, { stream: true })).split('\n');
    text = lines.pop() ?? '';
    for (const line of lines) {
      if (!line.startsWith('data: {')) continue;
      const result: { data: ResultOf<typeof MESSAGES> } = JSON.parse(line.slice('data: '.length));
      yield result.data.messages;
    }
  }
}

const texts = Object.entries(documents).filter(([, value]) => typeof value === 'string');

test('there is a document for every field of the API', async () => {
  const schema = buildClientSchema(await new ApiClient(url).run(getIntrospectionQuery()));
  const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()];
  const fields = roots.flatMap((type) => Object.keys(type?.getFields() ?? {}));
  const all = texts.map(([, text]) => text).join('\n');
  expect(fields.filter((field) => !new RegExp(`^  ${field}\\b`, 'm').test(all))).toEqual([]);
  for (const [name, text] of texts) expect(validate(schema, parse(String(text))), name).toEqual([]);
});

test('each document does what its name says, and its types are those of its answer', async () => {
  const { access } = await call(ACCESS, { username: 'ada' });
  expectTypeOf(access.peer).toEqualTypeOf<{
    readonly id: string;
    readonly username: string;
    readonly guest: boolean;
  }>();
  const { token, peer: ada } = access;
  const ben = (await call(ACCESS, { username: 'ben' })).access;
  expect((await call(RENEW, {}, token)).renew.peer).toEqual(ada);
  expect((await call(ME, {}, token)).me).toEqual(ada);
  expect((await call(ICE_SERVERS, {}, token)).iceServers).toEqual([]);
  const cat = (await call(ACCESS, { username: 'cat' })).access;
  const { receive } = await call(RECEIVE, { join: [{ roomId: 'attic' }], wait: 0 }, cat.token);
  expect(receive).toMatchObject([{ __typename: 'Connected', peer: cat.peer, rooms: [{ id: 'attic' }] }]);

  const messages = await open(token, {});
  const next = async () => (await messages.next()).value as Message;
  expect(await next()).toMatchObject({ __typename: 'Connected', resumed: false, peer: ada, rooms: [] });
  const toBen = await open(ben.token, { join: [{ roomId: 'lobby', state: 1 }] });
  expect((await toBen.next()).value).toMatchObject({ rooms: [{ id: 'lobby' }] });

  const { joinRoom } = await call(JOIN_ROOM, { roomId: 'lobby', state: { colour: 'red' } }, token);
  expect(joinRoom.members.map(({ peer }) => peer)).toEqual([ben.peer, ada]);
  expect(await next()).toMatchObject({ __typename: 'PeerAdded', offer: true, peer: ben.peer, state: 1 });
  expect((await call(ROOM, { roomId: 'lobby' }, token)).room).toEqual(joinRoom);
  expect((await call(ROOMS, {}, token)).rooms).toEqual([joinRoom]);

  const { setState } = await call(SET_STATE, { roomId: 'lobby', state: 2 }, ben.token);
  expect(setState).toEqual({ peer: ben.peer, state: 2 });
  expect(await next()).toMatchObject({ __typename: 'PeerChanged', state: 2 });
  const { relay } = await call(
    RELAY,
    { roomId: 'lobby', peerId: ada.id, event: 'hi', data: [1], key: 'k' },
    ben.token,
  );
  expect(await next()).toMatchObject({ __typename: 'Signal', cursor: relay.cursor, event: 'hi', data: [1] });
  const { broadcast } = await call(BROADCAST, { roomId: 'lobby', event: 'all' }, ben.token);
  expect(await next()).toMatchObject({ __typename: 'Signal', cursor: broadcast.cursor, event: 'all' });
  expect((await call(LEAVE_ROOM, { roomId: 'lobby' }, ben.token)).leaveRoom).toBe(true);
  const removed = await next();
  if (removed.__typename !== 'PeerRemoved') throw new Error(`${removed.__typename} came.`);
  expect(removed.reason).toBe('LEFT');

  const rooms = [{ match: 'lobby', allow: ['moderate'] }];
  const moderator = await new SignJWT({ username: 'mod', signalbox: { rooms } })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject('mod')
    .setExpirationTime('1 h')
    .sign(new TextEncoder().encode(tokenSecret));
  const toRemove = { roomId: 'lobby', peerId: ada.id };
  expect((await call(REMOVE_PEER, toRemove, moderator)).removePeer).toBe(true);
  expect(await next()).toMatchObject({ __typename: 'PeerRemoved', reason: 'KICKED', peer: ada });
  expect((await call(CLOSE_ROOM, { roomId: 'lobby' }, moderator)).closeRoom).toBe(false);
  const { access: apart } = await call(ACCESS, { username: 'dan', space: 'acme' });
  expect(apart.peer.username).toBe('dan');
  await Promise.all([messages.return(undefined), toBen.return(undefined)]);
});

test('TypeScript refuses a wrong variable of a document', () => {
  // @ts-expect-error: `username` is missing.
  const missing: VariablesOf<typeof ACCESS> = {};
  // @ts-expect-error: there is no such variable.
  const unknown: VariablesOf<typeof RELAY> = { roomId: 'a', peerId: 'b', event: 'c', to: 'd' };
  expect([missing, unknown]).toHaveLength(2);
});
