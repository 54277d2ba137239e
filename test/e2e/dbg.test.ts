import { SignJWT } from 'jose';
import { describe, expect, test } from 'vitest';
import { ApiClient, access } from '../support/client.ts';
import { MessageStream } from '../support/message-stream.ts';
import { startNode, tokenSecret } from '../support/node.ts';
import { forEachOf, hubs, startPair } from './nodes.ts';
import { GuestPeer, wholly } from './peer.ts';

/** A token as another system would make it, with the same secret. */
function tokenOf(id: string, username: string, ttlSeconds: number): Promise<string> {
  return new SignJWT({ username })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(id)
    .setExpirationTime(Math.floor(Date.now() / 1000) + ttlSeconds)
    .sign(new TextEncoder().encode(tokenSecret));
}

describe.each(hubs)('a stream, its hub on %s', (hub) => {
  test('G9: ends at the end of its token, and goes on with a new one of the same peer', async () => {
    await using pair = await startPair(hub, { TOKEN_TTL_SECONDS: '2' });
    const { a, b } = pair;
    const ann = new GuestPeer('ann', 'ann', await tokenOf('ann', 'ann', 600), wholly(b));
    await ann.open();
    await ann.join('r');
    const vic = await GuestPeer.arrive('vic', wholly(a));
    await vic.join('r');
    await vic.inbox.take(1);
    expect(await vic.outcome()).toEqual({ how: 'complete', code: 'TOKEN_EXPIRED' });
    await expect(vic.join('r')).rejects.toMatchObject({ code: 'UNAUTHENTICATED', status: 401 });
    const { id, status } = await ann.relay('r', vic, 'meanwhile');
    expect(status).toBe('QUEUED');
    const again = new GuestPeer(vic.id, 'vic', await tokenOf(vic.id, 'vic', 600), wholly(b));
    const { cursor } = vic;
    expect(await again.open({ after: cursor })).toMatchObject({
      resumed: true,
      id: cursor,
      rooms: [{ id: 'r', peers: [{ id: 'ann' }, { id: vic.id }] }],
    });
    expect(await again.inbox.take(1)).toMatchObject([{ id, event: 'meanwhile' }]);
    await ann.inbox.take(1);
    expect(await ann.beforeBarrier(again, 'r'), 'the others heard nothing of it').toEqual([]);
    await Promise.all([ann.drop(), again.drop()]);
  });

  test('brings heartbeats where they are asked for, and comments where they are not', async () => {
    await using pair = await startPair(hub, { PING_SECONDS: '0.5' });
    const { a, b } = pair;
    const ann = await GuestPeer.arrive('ann', wholly(a), { heartbeat: 5 });
    const vic = await GuestPeer.arrive('vic', wholly(b));
    await ann.join('r');
    await vic.join('r');
    const since = performance.now();
    await vic.stream.comments.take(3);
    const [added] = await ann.inbox.take(1);
    const { messages, comments } = ann.stream;
    const beat = await messages.next(({ __typename }) => __typename === 'Heartbeat', 'a heartbeat');
    expect(performance.now() - since).toBeLessThan(8_000);
    expect(beat.id).toBe(added?.id);
    expect(Math.abs(Date.parse(beat.sentAt) - Date.now())).toBeLessThan(2_000);
    expect(comments.all, 'there are no comments beside heartbeats').toEqual([]);
    await ann.relay('r', vic, 'later');
    expect(await vic.inbox.next((m) => m.__typename === 'Signal')).toMatchObject({
      event: 'later',
    });
    expect(vic.stream.messages.all.map(({ __typename }) => __typename)).not.toContain('Heartbeat');
    await Promise.all([ann.drop(), vic.drop()]);
  });

  test('G5: gives way to a newer one, and its cursor is refused from then on', async () => {
    await using pair = await startPair(hub);
    const { a, b } = pair;
    const ann = await GuestPeer.arrive('ann', wholly(a));
    await ann.join('r');
    const vic = await GuestPeer.arrive('vic', wholly(a));
    await vic.join('r');
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
    await vic.join('r');
    await ann.inbox.take(1);
    expect(await ann.beforeBarrier(vic, 'r'), 'the newer one was not disturbed').toEqual([]);
    await Promise.all([ann.drop(), vic.drop()]);
  });

  test('G3: goes on after the header `Last-Event-ID`, whatever `after` says', async () => {
    await using pair = await startPair(hub);
    const { a, b } = pair;
    const ann = await GuestPeer.arrive('ann', wholly(a));
    const vic = await GuestPeer.arrive('vic', wholly(b));
    const start = vic.cursor;
    await ann.join('r');
    await vic.join('r');
    const sent = [await ann.relay('r', vic, 'm', 1), await ann.relay('r', vic, 'm', 2)];
    await vic.inbox.take(3);
    await vic.drop();
    // An EventSource repeats its first URL, with the cursor that was in it, and adds the header.
    expect(await vic.open({ after: start, lastEventId: sent[0]?.id })).toMatchObject({
      resumed: true,
      id: sent[0]?.id,
    });
    expect(await vic.inbox.take(1)).toMatchObject([{ id: sent[1]?.id, data: 2 }]);
    expect(await vic.beforeBarrier(ann, 'r')).toEqual([]);
    await Promise.all([ann.drop(), vic.drop()]);
  });

  test('has to be there before anything else can be done', async () => {
    await using pair = await startPair(hub);
    const { a, b } = pair;
    const { token, peer } = await access(a.url, 'early');
    const early = new GuestPeer(peer.id, 'early', token, wholly(b));
    const refused = { code: 'NOT_CONNECTED', status: 200, message: expect.stringContaining('`messages`') };
    await expect(early.join('r')).rejects.toMatchObject(refused);
    await expect(early.leave('r')).rejects.toMatchObject(refused);
    await expect(early.relay('r', { id: 'someone' }, 'e')).rejects.toMatchObject(refused);
    await expect(early.broadcast('r', 'e')).rejects.toMatchObject(refused);
    await expect(early.setState('r', 1)).rejects.toMatchObject(refused);
    expect(await early.room('r')).toBeNull();
    expect(await new ApiClient(b.url, token).run('{ me { id username state } rooms { id } }')).toEqual({
      me: peer,
      rooms: [],
    });
    await early.open();
    expect(await early.join('r')).toMatchObject({ peers: [{ id: early.id }] });
    await early.drop();
  });

  test('G11: is cut without `complete` when its node is told to stop, which ends with 0', async () => {
    await using pair = await startPair(hub);
    const { a, b } = pair;
    const peers = await Promise.all(
      Array.from({ length: 20 }, (_, i) => GuestPeer.arrive(`peer${i}`, wholly(a))),
    );
    const cut = Promise.all(peers.map((peer) => peer.outcome()));
    expect(await a.kill('SIGTERM')).toEqual({ code: 0, signal: null });
    expect(await cut).toEqual(Array(20).fill({ how: 'cut', code: undefined }));
    if (hub === 'memory') return;
    for (const peer of peers) {
      peer.moveTo(wholly(b));
      expect(await peer.resume()).toMatchObject({ resumed: true });
      await peer.drop();
    }
  });

  test('G3: loses nothing of what is sent to it in the instant of its headers, in 5,000 tries', {
    timeout: 60_000,
  }, async () => {
    await using pair = await startPair(hub, { LOG_LEVEL: 'warn' });
    const { a, b } = pair;
    const sender = await GuestPeer.arrive('sender', wholly(b));
    await sender.join('r');
    const receivers = await Promise.all(
      Array.from({ length: 5 }, async (_, i) => {
        const peer = await GuestPeer.arrive(`peer${i}`, { stream: a.url, calls: b.url });
        await peer.join('r');
        return peer;
      }),
    );
    // Whatever a join brought has come: from here on the numbers alone do.
    for (const peer of receivers) await peer.beforeBarrier(sender, 'r');
    await Promise.all(
      receivers.map(async (peer) => {
        for (let n = 0; n < 20; n++) {
          const t0 = performance.now();
          const sent = Promise.withResolvers<unknown>();
          // By turns the stream is lost first, or is there still and gives way.
          if (n % 2 === 0) await peer.drop();
          const resumed = peer.resume({
            onHeaders: () => sender.relay('r', peer, 'count', n).then(sent.resolve, sent.reject),
          });
          expect(await resumed).toMatchObject({ resumed: true });
          const t1 = performance.now();
          await sent.promise;
          const t2 = performance.now();
          const [message] = await peer.inbox.take(1);
          expect(message).toMatchObject({ __typename: 'Signal', event: 'count', data: n });
          process.stderr.write(`${n} ${t1 - t0} ${t2 - t1} ${performance.now() - t2}\n`);
        }
      }),
    );
    await forEachOf(receivers, 10, (peer) => peer.drop());
    await sender.drop();
  });
});

test('a node in memory says who it is, and a stream of another node’s token is refused', async () => {
  await using one = await startNode();
  await using other = await startNode({ env: { TOKEN_SECRET: 'another secret, of 32 bytes or more too' } });
  const { token } = await access(one.url, 'ann');
  await expect(MessageStream.open(other.url, token)).rejects.toMatchObject({
    code: 'UNAUTHENTICATED',
    status: 401,
    message: expect.stringContaining('another secret'),
  });
});
