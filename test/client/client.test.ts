import { expect, onTestFinished, test, vi } from 'vitest';
import { serveSignalbox } from '../http/support.ts';
import { heardIn, meets, open, pairInLobby, reaches, statusesOf, tokenOf } from './support.ts';

test('two clients in a room meet, broadcast and relay', async () => {
  const { url } = await serveSignalbox();
  const ada = await open(url, { username: 'ada' });
  const ben = await open(url, { username: 'ben' });
  expect(ada.peer).toMatchObject({ username: 'ada', guest: true });
  const adasRoom = await ada.join('lobby', { state: { colour: 'green' } });
  const bensRoom = await ben.join('lobby');
  const [adasBen, bensAda] = await Promise.all([meets(adasRoom, 'ben'), meets(bensRoom, 'ada')]);
  expect(bensAda.state).toEqual({ colour: 'green' });
  expect([adasBen.wasHere, bensAda.wasHere]).toEqual([false, true]);

  const heard = heardIn(bensRoom);
  await adasRoom.broadcast('chat', { text: 'hi all' });
  await adasRoom.relay(adasBen.id, 'chat', 'hi ben');
  await expect.poll(() => heard).toEqual(['ada: chat {"text":"hi all"}', 'ada: chat "hi ben"']);

  const state = bensRoom.once('state');
  await adasRoom.setState({ colour: 'red' });
  expect((await state)[0].state).toEqual({ colour: 'red' });
  const left = bensRoom.once('left');
  await ada.leave('lobby');
  expect(await left).toEqual([bensAda, 'LEFT']);
});

test('a listener that is added late is given the peers that are there', async () => {
  const { url } = await serveSignalbox();
  const ada = await open(url, { username: 'ada' });
  const ben = await open(url, { username: 'ben' });
  await ada.join('lobby');
  const room = await ben.join('lobby');
  await expect.poll(() => room.peers.length).toBe(1);
  expect((await meets(room, 'ada')).id).toBe(ada.peer?.id);
});

test('a peer that sends nonsense to the mesh breaks no stream', async () => {
  const { url } = await serveSignalbox();
  const { ada, adasRoom, bensRoom, bensAda } = await pairInLobby(url);
  const statuses = statusesOf(ada);
  const heard = heardIn(adasRoom);
  const nonsense = [
    null,
    1,
    'x',
    [],
    {},
    { channel: 'c' },
    { channel: 'c', frame: null },
    { channel: 1, frame: [] },
  ];
  const frames = [[], [1, 1, 'x'], ['m', 'x', 'x'], ['m', 1], ['m', 1, '{'], ['m', 2, {}]];
  for (const data of [...nonsense, ...frames.map((frame) => ({ channel: 'c', frame }))]) {
    await bensRoom.relay(bensAda.id, 'rtc.data', data as never);
    await bensRoom.relay(bensAda.id, 'rtc.signal', data as never);
  }
  await bensRoom.relay(bensAda.id, 'chat', 'still here');
  await expect.poll(() => heard).toEqual(['ben: chat "still here"']);
  expect(statuses).toEqual([]);
});

test('G3: a lost connection is resumed, and what was sent meanwhile arrives once and in order', async () => {
  const { url, http } = await serveSignalbox();
  const ada = await open(url, { username: 'ada' });
  const ben = await open(url, { username: 'ben', retryMs: () => 300 });
  const adasRoom = await ada.join('lobby');
  const bensRoom = await ben.join('lobby');
  await meets(adasRoom, 'ben');
  await meets(bensRoom, 'ada');
  const heard = heardIn(bensRoom);
  const statuses = statusesOf(ben);
  const gone: string[] = [];
  adasRoom.on('left', (_peer, reason) => gone.push(reason));
  for (let n = 0; n < 30; n++) {
    if (n % 10 === 5) http.server.closeAllConnections();
    adasRoom.broadcast('n', n).catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await expect.poll(() => heard.length, { timeout: 10_000 }).toBe(30);
  expect(heard).toEqual(Array.from({ length: 30 }, (_, n) => `ada: n ${n}`));
  expect(statuses).toContain('resumed');
  expect(statuses).not.toContain('connected');
  expect(gone).toEqual([]);
});

test('G14: a message whose answer was lost is repeated, and arrives once', async () => {
  const { url } = await serveSignalbox();
  const { adasRoom, bensRoom } = await pairInLobby(url);
  const heard = heardIn(bensRoom);

  const real = globalThis.fetch;
  let lost = 0;
  vi.stubGlobal('fetch', async (...args: Parameters<typeof fetch>) => {
    const response = await real(...args);
    if (!String(args[1]?.body).includes('broadcast(') || lost > 1) return response;
    lost += 1;
    throw new TypeError('The connection broke after the request.');
  });
  onTestFinished(() => void vi.unstubAllGlobals());
  const receipts = await Promise.all([1, 2, 3].map((n) => adasRoom.broadcast('n', n)));
  expect(lost).toBe(2);
  expect(new Set(receipts.map(({ cursor }) => cursor)).size).toBe(3);
  await adasRoom.broadcast('end');
  await expect.poll(() => heard.at(-1)).toBe('ada: end null');
  expect(heard).toEqual(['ada: n 1', 'ada: n 2', 'ada: n 3', 'ada: end null']);
});

test('one operation that is refused does not keep the others of its request away', async () => {
  const { url } = await serveSignalbox();
  const { adasRoom, bensRoom } = await pairInLobby(url);
  const heard = heardIn(bensRoom);
  const results = await Promise.allSettled([
    adasRoom.broadcast('n', 1),
    adasRoom.relay('nobody', 'n', 2),
    adasRoom.broadcast('n', 3),
  ]);
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(results[1]).toMatchObject({ reason: { code: 'PEER_NOT_IN_ROOM' } });
  await expect.poll(() => heard).toEqual(['ada: n 1', 'ada: n 3']);
});

test('without WebRTC, a channel goes through the server: in order, large messages too', async () => {
  const { url } = await serveSignalbox();
  const { adasRoom, adasBen, bensAda } = await pairInLobby(url);
  const sent = [1, 'two', { three: [3] }, null, '😀'.repeat(200)];
  for (const data of sent) adasBen.channel('drawing').send(data);
  // Ben listens late: nothing is missed.
  await adasRoom.broadcast('barrier');
  const got: unknown[] = [];
  bensAda.channel('drawing').on('message', (data) => got.push(data));
  await expect.poll(() => got).toEqual(sent);
  expect([adasBen.path, bensAda.path]).toEqual(['relayed', 'relayed']);
});

test('G5: a client that another one replaces stops, and takes over again when it is told to', async () => {
  const { url } = await serveSignalbox();
  const token = await tokenOf('ada', 600);
  const first = await open(url, { token: () => token });
  await first.join('lobby');
  const replaced = reaches(first, 'replaced');
  const second = await open(url, { token: () => token });
  await replaced;
  const over = reaches(second, 'replaced');
  await first.connect();
  await over;
  expect(first.status).toBe('connected');
  expect(first.rooms.map(({ id }) => id)).toEqual(['lobby']);
});

test('G9: a token is renewed before it ends, and the session goes on', async () => {
  const { url } = await serveSignalbox();
  const ada = await open(url, { token: () => tokenOf('ada', 3) });
  const ben = await open(url, { username: 'ben' });
  const bensRoom = await ben.join('lobby');
  const adasRoom = await ada.join('lobby');
  await meets(bensRoom, 'ada');
  const statuses = statusesOf(ada);
  const gone: string[] = [];
  bensRoom.on('left', (_peer, reason) => gone.push(reason));
  await reaches(ada, 'resumed');
  expect(statuses).toContain('renewed');
  await adasRoom.broadcast('still-here');
  expect(gone).toEqual([]);
});

test("G9: a guest's token is renewed, and the guest stays the same peer", async () => {
  const { url } = await serveSignalbox({ ttlSeconds: 6 });
  // The first attempt fails, as on a network that is away for a moment.
  const real = globalThis.fetch;
  let failed = false;
  vi.stubGlobal('fetch', (url: string, init: RequestInit) => {
    if (failed || !String(init.body).includes('renew')) return real(url, init);
    failed = true;
    return Promise.reject(new TypeError('no network'));
  });
  onTestFinished(() => void vi.unstubAllGlobals());
  const ada = await open(url, { username: 'ada' });
  const room = await ada.join('lobby');
  const { id } = ada.peer ?? {};
  const statuses = statusesOf(ada);
  for (let turn = 0; turn < 2; turn++) await reaches(ada, 'resumed');
  expect(statuses.filter((status) => status !== 'connecting')).toEqual([
    'renewed',
    'resumed',
    'renewed',
    'resumed',
  ]);
  expect(ada.peer?.id).toBe(id);
  await room.broadcast('still-here');
});

test('G9: a guest stays the same peer when no stream can be opened for longer than its token lives', async () => {
  const { url, http } = await serveSignalbox({ ttlSeconds: 3 });
  const ada = await open(url, { username: 'ada' });
  await ada.join('lobby');
  const { id } = ada.peer ?? {};
  // Streams are refused, as while Redis is away. A token can be renewed without it.
  const real = globalThis.fetch;
  let isAway = true;
  vi.stubGlobal('fetch', (url: string, init: RequestInit) =>
    isAway && String(init.body).includes('subscription')
      ? Promise.resolve(
          new Response(
            '{"errors":[{"message":"away","extensions":{"code":"UNAVAILABLE","retryable":true}}]}',
          ),
        )
      : real(url, init),
  );
  onTestFinished(() => void vi.unstubAllGlobals());
  http.server.closeAllConnections();
  // Each token lives for 3 seconds.
  for (let turn = 0; turn < 2; turn++) await reaches(ada, 'renewed');
  isAway = false;
  await expect.poll(() => ada.status).toBe('resumed');
  expect(ada.peer?.id).toBe(id);
});

test('G9: a guest whose token has ended is a new peer in the same rooms', async () => {
  const { url } = await serveSignalbox({ ttlSeconds: 2 });
  const ben = await open(url, { token: () => tokenOf('ben', 600) });
  const bensRoom = await ben.join('lobby');
  // As a computer that slept past the end of its token: no renewal comes in time.
  const real = globalThis.fetch;
  vi.stubGlobal('fetch', (url: string, init: RequestInit) =>
    String(init.body).includes('renew') ? Promise.reject(new TypeError('asleep')) : real(url, init),
  );
  onTestFinished(() => void vi.unstubAllGlobals());
  const ada = await open(url, { username: 'ada' });
  await ada.join('lobby');
  const first = (await meets(bensRoom, 'ada')).id;
  await reaches(ada, 'connected');
  expect(ada.peer?.id).not.toBe(first);
  await expect.poll(() => bensRoom.peers.some(({ id }) => id === ada.peer?.id)).toBe(true);
});

test('G15: after a session is over, a new one is in the same rooms', async () => {
  const { url, hub, http } = await serveSignalbox();
  const ada = await open(url, { username: 'ada' });
  const ben = await open(url, { username: 'ben' });
  const adasRoom = await ada.join('lobby', { state: 'mine' });
  const bensRoom = await ben.join('lobby');
  await meets(adasRoom, 'ben');
  await meets(bensRoom, 'ada');
  // The next stream of Ada's begins without a cursor that anyone knows, as after a server that forgot all.
  const real = globalThis.fetch;
  vi.stubGlobal('fetch', (url: string, init: RequestInit) => {
    const body = String(init.body).replace(/"after":"\d+"/, '"after":null');
    return real(url, { ...init, body });
  });
  onTestFinished(() => void vi.unstubAllGlobals());
  const again = reaches(ada, 'connected');
  http.server.closeAllConnections();
  await again;
  await expect.poll(() => adasRoom.peers.map(({ username }) => username)).toEqual(['ben']);
  await expect.poll(() => bensRoom.peers.map(({ state }) => state)).toEqual(['mine']);
  expect(hub).toBeDefined();
});

test('a server that refuses a client for good ends it, and says why', async () => {
  const { url } = await serveSignalbox();
  await expect(open(url, { token: () => 'no token' })).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
});

test('of several addresses, one that answers is used', async () => {
  const { url } = await serveSignalbox();
  const { connect } = await import('../../src/client/index.ts');
  const box = await connect(['http://127.0.0.1:1', url], { username: 'ada', retryMs: () => 10 });
  expect(box.status).toBe('connected');
  box.close();
  expect(box.status).toBe('closed');
  await expect(box.join('lobby')).rejects.toMatchObject({ code: 'CLOSED' });
});
