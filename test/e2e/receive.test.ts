import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ApiClient } from '../support/client.ts';
import { MessageStream } from '../support/message-stream.ts';
import { tokenSecret } from '../support/node.ts';
import { hubs, type Pair, startPair } from './nodes.ts';
import { GuestPeer, wholly } from './peer.ts';
import { dataOf, Poller, poll, receiveDocument, waitingPolls } from './poller.ts';

describe.each(hubs)('receive (hub: %s)', (hub) => {
  let pair: Pair;
  let rooms = 0;
  const newRoom = () => `room ${++rooms}`;
  beforeAll(async () => {
    pair = await startPair(hub, { GRACE_SECONDS: '2', MAX_PEERS_PER_ROOM: '3', LOG_LEVEL: 'debug' });
  }, 60_000);
  afterAll(() => pair[Symbol.asyncDispose]());

  test('G3: a peer that polls gets every message once and in order, from any node', async () => {
    const room = newRoom();
    const ann = await GuestPeer.arrive('ann', wholly(pair.b));
    await ann.join(room, 'hers');
    const vic = await Poller.arrive(pair.a.url, 'vic');
    const first = await vic.poll(pair.a.url, { join: [{ roomId: room, state: 'mine' }] });
    expect(first).toMatchObject([
      {
        __typename: 'Connected',
        resumed: false,
        rooms: [{ id: room, members: [{ state: 'hers' }, { state: 'mine' }] }],
      },
      { __typename: 'PeerAdded', roomId: room, offer: true, state: 'hers' },
    ]);
    expect(await ann.inbox.next()).toMatchObject({
      __typename: 'PeerAdded',
      offer: false,
      peer: { id: vic.id },
    });
    const sending = (async () => {
      for (let n = 0; n < 60; n++) {
        if (n % 2 === 0) await ann.relay(room, vic, 'n', n);
        else await ann.broadcast(room, 'n', n);
        if (n % 10 === 0) await sleep(60);
      }
    })();
    const messages = await vic.take(60, pair);
    await sending;
    expect(dataOf(messages)).toEqual(Array.from({ length: 60 }, (_, n) => n));
    await ann.drop();
  });

  test('a poll waits for a message, and answers with an empty list if none comes in time', async () => {
    const room = newRoom();
    const ann = await GuestPeer.arrive('ann', wholly(pair.a));
    await ann.join(room);
    const vic = await Poller.arrive(pair.b.url, 'vic');
    await vic.poll(pair.b.url, { join: [{ roomId: room }] });
    let since = performance.now();
    expect(await vic.poll(pair.b.url, { wait: 0 })).toEqual([]);
    expect(await vic.poll(pair.b.url, { wait: 1 })).toEqual([]);
    expect(performance.now() - since).toBeGreaterThan(950);
    since = performance.now();
    const waits = waitingPolls(pair.b);
    const waiting = vic.poll(pair.b.url, { wait: 50 });
    await waits();
    const { status } = await ann.relay(room, vic, 'hello');
    expect(status).toBe('DELIVERED');
    expect(await waiting).toMatchObject([{ __typename: 'Signal', event: 'hello' }]);
    expect(performance.now() - since).toBeLessThan(3000);
    await ann.drop();
  });

  test('G3: an answer that was lost comes again with the same cursor', async () => {
    const room = newRoom();
    const ann = await GuestPeer.arrive('ann', wholly(pair.a));
    await ann.join(room);
    const vic = await Poller.arrive(pair.b.url, 'vic');
    await vic.poll(pair.b.url, { join: [{ roomId: room }] });
    for (let n = 0; n < 5; n++) await ann.relay(room, vic, 'n', n);
    const after = vic.cursor;
    const lost = await vic.poll(pair.a.url);
    expect(dataOf(lost)).toEqual([0, 1, 2, 3, 4]);
    expect(await poll(pair.b.url, vic.token, { after })).toEqual(lost);
    const half = lost[2]?.cursor;
    expect(await poll(pair.a.url, vic.token, { after: half })).toEqual(lost.slice(3));
    await ann.drop();
  });

  test('G4: between polls the session waits for its grace period, and then its rooms are told', async () => {
    const room = newRoom();
    const ann = await GuestPeer.arrive('ann', wholly(pair.a));
    await ann.join(room);
    const vic = await Poller.arrive(pair.b.url, 'vic');
    await vic.poll(pair.b.url, { join: [{ roomId: room }] });
    await ann.inbox.take(1);
    // Half of the grace period.
    await sleep(1000);
    const { cursor, status } = await ann.relay(room, vic, 'away');
    expect(status).toBe('QUEUED');
    expect((await vic.poll(pair.a.url)).map((message) => message.cursor)).toEqual([cursor]);
    expect(await ann.inbox.next()).toMatchObject({ __typename: 'PeerRemoved', reason: 'DISCONNECTED' });
    const [connected, added] = await vic.poll(pair.a.url, { join: [{ roomId: room }] });
    expect(connected).toMatchObject({ __typename: 'Connected', resumed: false });
    expect(added).toMatchObject({ __typename: 'PeerAdded', offer: true });
    await ann.drop();
  });

  test('G4: a client that is killed while it polls is away from then on', async () => {
    const room = newRoom();
    const ann = await GuestPeer.arrive('ann', wholly(pair.a));
    await ann.join(room);
    const vic = await Poller.arrive(pair.b.url, 'vic');
    await vic.poll(pair.b.url, { join: [{ roomId: room }] });
    const req = request(`${pair.b.url}/graphql`, {
      method: 'POST',
      agent: false,
      headers: { 'content-type': 'application/json', authorization: `Bearer ${vic.token}` },
    });
    req.on('error', () => undefined);
    const waits = waitingPolls(pair.b);
    req.end(JSON.stringify({ query: receiveDocument, variables: { after: vic.cursor, wait: 50 } }));
    await waits();
    const since = performance.now();
    req.destroy();
    await expect.poll(async () => (await ann.relay(room, vic, 'away')).status).toBe('QUEUED');
    await ann.inbox.next((message) => message.__typename === 'PeerRemoved');
    expect(performance.now() - since).toBeLessThan(6000);
    await ann.drop();
  });

  test('a client that closed its side of the connection gets its answer at once', async () => {
    const vic = await Poller.arrive(pair.b.url, 'vic');
    await vic.poll(pair.b.url);
    const { port, hostname } = new URL(pair.b.url);
    const body = JSON.stringify({ query: receiveDocument, variables: { after: vic.cursor, wait: 50 } });
    const socket = connect({ port: Number(port), host: hostname, allowHalfOpen: true });
    const head = `POST /graphql HTTP/1.1\r\nHost: ${hostname}\r\nContent-Type: application/json\r\nAuthorization: Bearer ${vic.token}`;
    socket.end(`${head}\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    let text = '';
    socket.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
    await once(socket, 'end');
    expect(text).toContain('{"data":{"receive":[]}}');
  });

  test('G5: the newest poll wins, and a stream takes the session over from a poll', async () => {
    const vic = await Poller.arrive(pair.a.url, 'vic');
    await vic.poll(pair.a.url);
    const olderWaits = waitingPolls(pair.a);
    const older = expect(vic.poll(pair.a.url)).rejects.toMatchObject({ code: 'REPLACED' });
    await olderWaits();
    const newerWaits = waitingPolls(pair.b);
    const newer = expect(vic.poll(pair.b.url)).rejects.toMatchObject({ code: 'REPLACED' });
    await older;
    await newerWaits();
    const stream = await MessageStream.open(pair.a.url, vic.token, { after: vic.cursor });
    await newer;
    expect((await stream.messages.take(1))[0]).toMatchObject({ resumed: true });
    expect(await vic.poll(pair.b.url, { wait: 0 })).toEqual([]);
    expect(await stream.outcome).toEqual({ how: 'complete', code: 'REPLACED' });
    const earlier = vic.cursor;
    vic.cursor = undefined;
    await vic.poll(pair.a.url);
    await expect(vic.poll(pair.a.url, { after: earlier })).rejects.toMatchObject({ code: 'REPLACED' });
  });

  test('G9: a poll ends with TOKEN_EXPIRED, and the session goes on with a new token', async () => {
    const tokenFor = (seconds: number) =>
      new SignJWT({ username: 'vic' })
        .setProtectedHeader({ alg: 'HS256' })
        .setSubject(`vic ${hub}`)
        .setExpirationTime(Math.floor(Date.now() / 1000) + seconds)
        .sign(new TextEncoder().encode(tokenSecret));
    const old = await tokenFor(2);
    const [connected] = await poll(pair.a.url, old);
    const after = connected?.cursor;
    await expect(poll(pair.b.url, old, { after, wait: 50 })).rejects.toMatchObject({ code: 'TOKEN_EXPIRED' });
    expect(await poll(pair.a.url, await tokenFor(60), { after, wait: 0 })).toEqual([]);
  });

  test('G15: a room that cannot be entered is an error, and changes nothing', async () => {
    const [full, own] = [newRoom(), newRoom()];
    const others = await Promise.all(['a', 'b', 'c'].map((name) => GuestPeer.arrive(name, wholly(pair.a))));
    for (const other of others) await other.join(full);
    const vic = await Poller.arrive(pair.a.url, 'vic');
    await vic.poll(pair.a.url, { join: [{ roomId: own }] });
    const join = [{ roomId: own }, { roomId: full }];
    await expect(vic.poll(pair.b.url, { join })).rejects.toMatchObject({ code: 'ROOM_FULL' });
    expect(await vic.poll(pair.b.url, { join: join.slice(0, 1), wait: 0 })).toEqual([]);
    for (const other of others) await other.drop();
  });

  test('G8: a backlog that is larger than an answer comes in several, once and in order', async () => {
    const room = newRoom();
    const ann = await GuestPeer.arrive('ann', wholly(pair.a));
    await ann.join(room);
    const vic = await Poller.arrive(pair.b.url, 'vic');
    await vic.poll(pair.b.url, { join: [{ roomId: room }] });
    const field = (n: number) => `f${n}: broadcast(roomId: "${room}", event: "n", data: ${n}) { cursor }`;
    const api = new ApiClient(pair.a.url, ann.token);
    for (let n = 0; n < 1500; n += 20) {
      await api.run(`mutation { ${Array.from({ length: 20 }, (_, i) => field(n + i)).join(' ')} }`);
      // So that the session goes on.
      if (n % 60 === 0) await poll(pair.b.url, vic.token, { after: vic.cursor, wait: 0 });
    }
    const one = await vic.poll(pair.a.url, { wait: 0 });
    const two = await vic.poll(pair.b.url, { wait: 0 });
    expect([one.length, two.length]).toEqual([1000, 500]);
    expect(dataOf([...one, ...two])).toEqual(Array.from({ length: 1500 }, (_, n) => n));
    await ann.drop();
  });

  test('wrong arguments are refused, and a second `receive` in one request', async () => {
    const vic = await Poller.arrive(pair.a.url, 'vic');
    await vic.poll(pair.a.url);
    for (const wrong of [
      { wait: -1 },
      { wait: 51 },
      { after: 'x' },
      { after: '-1' },
      { join: [{ roomId: '' }] },
    ]) {
      const code = 'BAD_USER_INPUT';
      await expect(vic.poll(pair.a.url, wrong), JSON.stringify(wrong)).rejects.toMatchObject({ code });
    }
    const twice = `mutation { a: receive(after: "${vic.cursor}", wait: 0) { cursor } b: receive { cursor } }`;
    await expect(new ApiClient(pair.a.url, vic.token).run(twice)).rejects.toMatchObject({
      code: 'BAD_USER_INPUT',
    });
    await expect(new ApiClient(pair.a.url).run(receiveDocument)).rejects.toMatchObject({ status: 401 });
  });

  test('a call of `receive` whose request is too large to be kept is answered at once', async () => {
    const vic = await Poller.arrive(pair.a.url, 'vic');
    await vic.poll(pair.a.url);
    const since = performance.now();
    const join = [{ roomId: newRoom(), state: 'x'.repeat(5000) }];
    expect(await vic.poll(pair.a.url, { join })).toEqual([]);
    expect(await vic.poll(pair.a.url, { join })).toEqual([]);
    expect(performance.now() - since).toBeLessThan(3000);
  });
});
