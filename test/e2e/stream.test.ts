import { SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ApiClient, access } from '../support/client.ts';
import { MessageStream } from '../support/message-stream.ts';
import { tokenSecret } from '../support/node.ts';
import { forEachOf, hubs, type Pair, startPair } from './nodes.ts';
import { GuestPeer, wholly } from './peer.ts';

/** A token as an application makes it, with the same secret. */
function tokenOf(id: string, username: string): Promise<string> {
  return new SignJWT({ username })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(id)
    .setExpirationTime('10 minutes')
    .sign(new TextEncoder().encode(tokenSecret));
}

describe.each(hubs)('streams (hub: %s)', (hub) => {
  let shared: Pair;
  beforeAll(async () => {
    shared = await startPair(hub, { PING_SECONDS: '0.5' });
  });
  afterAll(() => shared[Symbol.asyncDispose]());

  test('G9: a stream ends with TOKEN_EXPIRED at its token’s exp, and resumes with a new token of the same peer', async () => {
    await using pair = await startPair(hub, { TOKEN_TTL_SECONDS: '2' });
    const { a, b } = pair;
    const ann = new GuestPeer('ann', 'ann', await tokenOf('ann', 'ann'), wholly(b));
    await ann.open();
    await ann.join('r');
    const vic = await GuestPeer.arrive('vic', wholly(a));
    await vic.join('r');
    await vic.inbox.take(1);
    expect(await vic.outcome()).toEqual({ how: 'complete', code: 'TOKEN_EXPIRED' });
    await expect(vic.join('r')).rejects.toMatchObject({ code: 'UNAUTHENTICATED', status: 401 });
    const { cursor: sentCursor, status } = await ann.relay('r', vic, 'meanwhile');
    expect(status).toBe('QUEUED');
    const again = new GuestPeer(vic.id, 'vic', await tokenOf(vic.id, 'vic'), wholly(b));
    const { cursor } = vic;
    expect(await again.open({ after: cursor })).toMatchObject({
      resumed: true,
      cursor,
      rooms: [{ id: 'r', members: [{ peer: { id: 'ann', guest: false } }, { peer: { id: vic.id } }] }],
    });
    expect(await again.inbox.take(1)).toMatchObject([
      { cursor: sentCursor, event: 'meanwhile', peer: { id: 'ann', guest: false } },
    ]);
    await ann.inbox.take(1);
    expect(await ann.beforeBarrier(again, 'r'), 'the expiry was not announced').toEqual([]);
    await Promise.all([ann.drop(), again.drop()]);
  });

  test('a stream has heartbeats if it asks for them, and comments otherwise', async () => {
    const { a, b } = shared;
    const ann = await GuestPeer.arrive('ann', wholly(a), { heartbeat: 5 });
    const vic = await GuestPeer.arrive('vic', wholly(b));
    await ann.join('beats');
    await vic.join('beats');
    await vic.stream.comments.take(3);
    const [added] = await ann.inbox.take(1);
    const { messages, comments } = ann.stream;
    const beat = await messages.next(({ __typename }) => __typename === 'Heartbeat', 'a heartbeat');
    expect(beat.cursor).toBe(added?.cursor);
    const opened = messages.all[0]?.sentAt ?? '';
    const afterSeconds = (Date.parse(beat.sentAt) - Date.parse(opened)) / 1000;
    expect(afterSeconds).toBeGreaterThan(4.9);
    expect(afterSeconds).toBeLessThan(8);
    expect(comments.all, 'a stream with heartbeats has no comment but the first').toEqual([':']);
    await ann.relay('beats', vic, 'later');
    expect(await vic.inbox.next((m) => m.__typename === 'Signal')).toMatchObject({ event: 'later' });
    expect(vic.stream.messages.all.map(({ __typename }) => __typename)).not.toContain('Heartbeat');
    await Promise.all([ann.drop(), vic.drop()]);
  });

  test('G5: a newer stream of the same peer ends the older one with REPLACED, and the older cursor is refused', async () => {
    const { a, b } = shared;
    const ann = await GuestPeer.arrive('ann', wholly(a));
    await ann.join('newest');
    const vic = await GuestPeer.arrive('vic', wholly(a));
    await vic.join('newest');
    await ann.inbox.take(1);
    await vic.inbox.take(1);
    const { stream: older, cursor } = vic;
    vic.moveTo(wholly(b));
    expect(await vic.open()).toMatchObject({ resumed: false, rooms: [] });
    expect(await older.outcome).toEqual({ how: 'complete', code: 'REPLACED' });
    expect(await ann.inbox.take(1)).toMatchObject([
      { __typename: 'PeerRemoved', reason: 'REPLACED', peer: { id: vic.id } },
    ]);
    for (const { url } of [a, b]) {
      for (const options of [{ after: cursor }, { lastEventId: cursor }]) {
        const refused = await MessageStream.open(url, vic.token, options);
        expect(await refused.outcome).toEqual({ how: 'complete', code: 'REPLACED' });
        expect(refused.messages.all).toEqual([]);
      }
    }
    await vic.join('newest');
    await ann.inbox.take(1);
    expect(await ann.beforeBarrier(vic, 'newest'), 'the newer stream goes on').toEqual([]);
    await Promise.all([ann.drop(), vic.drop()]);
  });

  test('G3: a stream resumes after the header `Last-Event-ID`, even if `after` has another cursor', async () => {
    const { a, b } = shared;
    const ann = await GuestPeer.arrive('ann', wholly(a));
    const vic = await GuestPeer.arrive('vic', wholly(b));
    const start = vic.cursor;
    await ann.join('header');
    await vic.join('header');
    const first = await ann.relay('header', vic, 'm', 1);
    const second = await ann.relay('header', vic, 'm', 2);
    await vic.inbox.take(3);
    await vic.drop();
    // An EventSource repeats its first URL, with its old cursor, and adds the header.
    const connected = await vic.open({ after: start, lastEventId: first.cursor });
    expect(connected).toMatchObject({ resumed: true, cursor: first.cursor });
    expect(await vic.inbox.take(1)).toMatchObject([{ cursor: second.cursor, data: 2 }]);
    expect(await vic.beforeBarrier(ann, 'header')).toEqual([]);
    await Promise.all([ann.drop(), vic.drop()]);
  });

  test('calls are refused with NOT_CONNECTED before the peer’s first stream, but `me` and `rooms` are answered', async () => {
    const { a, b } = shared;
    const { token, peer } = await access(a.url, 'early');
    const early = new GuestPeer(peer.id, 'early', token, wholly(b));
    const refused = { code: 'NOT_CONNECTED', status: 200, message: expect.stringContaining('`messages`') };
    await expect(early.join('r')).rejects.toMatchObject(refused);
    await expect(early.leave('r')).rejects.toMatchObject(refused);
    await expect(early.relay('r', { id: 'someone' }, 'e')).rejects.toMatchObject(refused);
    await expect(early.broadcast('r', 'e')).rejects.toMatchObject(refused);
    await expect(early.setState('r', 1)).rejects.toMatchObject(refused);
    expect(await early.room('r')).toBeNull();
    const client = new ApiClient(b.url, token);
    expect(await client.run('{ me { id username guest } rooms { id } }')).toEqual({ me: peer, rooms: [] });
    await early.open();
    expect(await early.join('r')).toMatchObject({ members: [{ peer: { id: early.id } }] });
    await early.drop();
  });

  test('G11: a stream is cut without `complete` when its node gets SIGTERM, and resumes at another node', async () => {
    await using pair = await startPair(hub);
    const { a, b } = pair;
    const peers = await Promise.all(
      Array.from({ length: 20 }, (_, i) => GuestPeer.arrive(`peer${i}`, wholly(a))),
    );
    const cut = Promise.all(peers.map((peer) => peer.outcome()));
    expect(await a.kill('SIGTERM')).toEqual({ code: 0, signal: null });
    expect(await cut).toEqual(Array(20).fill({ how: 'cut', code: undefined }));
    // A memory hub has no other node.
    if (hub === 'memory') return;
    for (const peer of peers) {
      peer.moveTo(wholly(b));
      expect(await peer.resume()).toMatchObject({ resumed: true });
      await peer.drop();
    }
  });

  test('G3: a stream loses no message that is sent at the instant of its headers, in 5,000 tries', {
    timeout: 180_000,
  }, async () => {
    const { a, b } = shared;
    const sender = await GuestPeer.arrive('sender', wholly(b));
    await sender.join('instant');
    const receivers = await Promise.all(
      Array.from({ length: 50 }, async (_, i) => {
        const peer = await GuestPeer.arrive(`peer${i}`, { stream: a.url, calls: b.url });
        await peer.join('instant');
        return peer;
      }),
    );
    // Skip the messages of the joins. From here on, only the numbers come.
    for (const peer of receivers) await peer.beforeBarrier(sender, 'instant');
    await Promise.all(
      receivers.map(async (peer) => {
        for (let n = 0; n < 100; n++) {
          const sent = Promise.withResolvers<unknown>();
          // Every second time the old stream is dropped first. Otherwise the new stream replaces it.
          if (n % 2 === 0) await peer.drop();
          const connected = await peer.resume({
            onHeaders: () => sender.relay('instant', peer, 'count', n).then(sent.resolve, sent.reject),
          });
          expect(connected.resumed).toBe(true);
          await sent.promise;
          expect(await peer.inbox.take(1)).toMatchObject([{ event: 'count', data: n }]);
        }
      }),
    );
    await forEachOf(receivers, 10, (peer) => peer.drop());
    await sender.drop();
  });
});
