import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RoomMessage } from '../support/client.ts';
import { type Pair, startPair } from './nodes.ts';
import { type At, GuestPeer } from './peer.ts';

let pair: Pair;
beforeAll(async () => {
  pair = await startPair('Redis');
});
afterAll(() => pair[Symbol.asyncDispose]());

type Letters = `${'A' | 'B'}${'A' | 'B'}`;
const wheres: readonly Letters[] = ['AA', 'AB', 'BA', 'BB'];

function at(letters: Letters): At {
  const [stream, calls] = [...letters].map((letter) => (letter === 'A' ? pair.a.url : pair.b.url));
  if (stream === undefined || calls === undefined) throw new Error('There are two letters.');
  return { stream, calls };
}

const cases = wheres.flatMap((ann) => wheres.map((ben) => ({ ann, ben })));

test.each(cases)(
  'G1, G2: a call is set up, used and left: stream and calls of one at $ann, of the other at $ben',
  async (where) => {
    const ann = await GuestPeer.arrive('ann', at(where.ann));
    const ben = await GuestPeer.arrive('ben ☎', at(where.ben));
    const room = `call ${where.ann} ${where.ben}`;
    const annThere = { id: ann.id, username: 'ann', state: { camera: 'on' } };
    const benThere = { id: ben.id, username: 'ben ☎', state: null };
    try {
      expect(await ann.join(room, { camera: 'on' })).toEqual({ id: room, peers: [annThere] });
      expect(await ben.join(room)).toEqual({ id: room, peers: [annThere, benThere] });
      const added = { __typename: 'PeerAdded', roomId: room };
      expect(await ann.inbox.take(1)).toMatchObject([{ ...added, offer: false, peer: benThere }]);
      expect(await ben.inbox.take(1)).toMatchObject([{ ...added, offer: true, peer: annThere }]);

      const offer = { type: 'offer', sdp: 'v=0\r\no=- 46117 2 IN IP4 127.0.0.1\r\ns=-\r\n' };
      const sent = [
        await ben.relay(room, ann, 'offer', offer),
        await ann.relay(room, ben, 'answer', { ...offer, type: 'answer' }),
        await ben.relay(room, ann, 'candidate', {
          candidate: 'candidate:1 1 udp 2113937151',
          sdpMLineIndex: 0,
        }),
        await ann.relay(room, ben, 'candidate', null),
        await ben.broadcast(room, 'chat', 'grüß dich 👋'),
      ];
      expect(sent.map(({ status }) => status)).toEqual(Array(5).fill('DELIVERED'));
      const signal = { __typename: 'Signal', roomId: room };
      expect(await ann.inbox.take(3)).toMatchObject([
        { ...signal, id: sent[0]?.id, peer: benThere, event: 'offer', data: offer },
        { ...signal, id: sent[2]?.id, peer: benThere, event: 'candidate', data: { sdpMLineIndex: 0 } },
        { ...signal, id: sent[4]?.id, peer: benThere, event: 'chat', data: 'grüß dich 👋' },
      ]);
      expect(await ben.inbox.take(2)).toMatchObject([
        { ...signal, id: sent[1]?.id, peer: annThere, event: 'answer' },
        { ...signal, id: sent[3]?.id, peer: annThere, event: 'candidate', data: null },
      ]);

      await ann.setState(room, { camera: 'off' });
      const annNow = { ...annThere, state: { camera: 'off' } };
      expect(await ben.inbox.take(1)).toMatchObject([
        { __typename: 'PeerChanged', roomId: room, peer: annNow },
      ]);
      expect(await ben.room(room)).toEqual({ id: room, peers: [annNow, benThere] });
      expect(await ann.leave(room)).toBe(true);
      expect(await ben.inbox.take(1)).toMatchObject([
        { __typename: 'PeerRemoved', roomId: room, peer: annNow, reason: 'LEFT' },
      ]);
      expect(await ann.room(room)).toBeNull();
      // Nothing that ann did came back to her.
      await ann.join(room);
      await ann.inbox.take(1);
      expect(await ann.beforeBarrier(ben, room)).toEqual([]);
    } finally {
      await Promise.all([ann.drop(), ben.drop()]);
    }
  },
);

const rooms = ['one', 'two', 'three', 'four', 'five'];
const each = 500;

test('G2, G3, G6: of 10,000 messages among 20 peers each is received once, in order, by its target only', {
  timeout: 180_000,
}, async () => {
  const members = await Promise.all(
    rooms.map(async (room, r) => {
      const four: GuestPeer[] = [];
      for (const [i, letters] of wheres.entries()) {
        const peer = await GuestPeer.arrive(`${room}${i}`, at(letters));
        await peer.join(room);
        await peer.inbox.take(i);
        for (const present of four) await present.inbox.take(1);
        four.push(peer);
      }
      return { room, four, first: r };
    }),
  );
  // Each of the 20 sends one after the other, to the three others by turns.
  await Promise.all(
    members.flatMap(({ room, four }) =>
      four.map(async (sender) => {
        const others = four.filter((peer) => peer !== sender);
        for (let n = 0; n < each; n++) {
          const to = others[n % others.length];
          if (!to) throw new Error('There are three others.');
          await sender.relay(room, to, 'count', { to: to.id, n });
        }
      }),
    ),
  );
  for (const { room, four } of members) {
    for (const receiver of four) {
      const others = four.filter((peer) => peer !== receiver);
      const came: RoomMessage[] = [];
      for (const other of others) came.push(...(await receiver.beforeBarrier(other, room)));
      for (const other of others) {
        const fromOther = came.filter((message) => message.peer.id === other.id);
        const first = four.filter((peer) => peer !== other).indexOf(receiver);
        const expected = Array.from({ length: each }, (_, n) => n).filter((n) => n % 3 === first);
        expect(
          fromOther.map((message) => (message.__typename === 'Signal' ? message.data : message)),
        ).toEqual(expected.map((n) => ({ to: receiver.id, n })));
      }
      expect(new Set(came.map(({ peer }) => peer.id))).toEqual(new Set(others.map(({ id }) => id)));
    }
  }
  await Promise.all(members.flatMap(({ four }) => four.map((peer) => peer.drop())));
});
