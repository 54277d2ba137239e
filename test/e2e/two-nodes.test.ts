import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RoomMessage } from '../support/client.ts';
import { type Pair, startPair } from './nodes.ts';
import { type At, GuestPeer } from './peer.ts';

let pair: Pair;
beforeAll(async () => {
  pair = await startPair('Redis');
});
afterAll(() => pair[Symbol.asyncDispose]());

/** The nodes of a peer: the first letter is the node of its stream, the second that of its calls. */
type Nodes = `${'A' | 'B'}${'A' | 'B'}`;
const placements: readonly Nodes[] = ['AA', 'AB', 'BA', 'BB'];

function at(nodes: Nodes): At {
  const [stream, calls] = [...nodes].map((node) => (node === 'A' ? pair.a.url : pair.b.url));
  if (stream === undefined || calls === undefined) throw new Error('Nodes has two letters.');
  return { stream, calls };
}

const cases = placements.flatMap((ann) => placements.map((ben) => ({ ann, ben })));

test.each(cases)(
  'G1, G2: two peers set up, use and leave a call (stream and calls of ann at $ann, of ben at $ben)',
  async (placement) => {
    const ann = await GuestPeer.arrive('ann', at(placement.ann));
    const ben = await GuestPeer.arrive('ben ☎', at(placement.ben));
    const room = `call ${placement.ann} ${placement.ben}`;
    const annPeer = { id: ann.id, username: 'ann', guest: true };
    const annMember = { peer: annPeer, state: { camera: 'on' } };
    const benPeer = { id: ben.id, username: 'ben ☎', guest: true };
    const benMember = { peer: benPeer, state: null };
    try {
      expect(await ann.join(room, { camera: 'on' })).toEqual({ id: room, members: [annMember] });
      expect(await ben.join(room)).toEqual({ id: room, members: [annMember, benMember] });
      const added = { __typename: 'PeerAdded', roomId: room };
      expect(await ann.inbox.take(1)).toMatchObject([{ ...added, offer: false, ...benMember }]);
      expect(await ben.inbox.take(1)).toMatchObject([{ ...added, offer: true, ...annMember }]);

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
        { ...signal, cursor: sent[0]?.cursor, peer: benPeer, event: 'offer', data: offer },
        { ...signal, cursor: sent[2]?.cursor, peer: benPeer, event: 'candidate', data: { sdpMLineIndex: 0 } },
        { ...signal, cursor: sent[4]?.cursor, peer: benPeer, event: 'chat', data: 'grüß dich 👋' },
      ]);
      expect(await ben.inbox.take(2)).toMatchObject([
        { ...signal, cursor: sent[1]?.cursor, peer: annPeer, event: 'answer' },
        { ...signal, cursor: sent[3]?.cursor, peer: annPeer, event: 'candidate', data: null },
      ]);

      await ann.setState(room, { camera: 'off' });
      const annChanged = { peer: annPeer, state: { camera: 'off' } };
      expect(await ben.inbox.take(1)).toMatchObject([
        { __typename: 'PeerChanged', roomId: room, ...annChanged },
      ]);
      expect(await ben.room(room)).toEqual({ id: room, members: [annChanged, benMember] });
      expect(await ann.leave(room)).toBe(true);
      expect(await ben.inbox.take(1)).toMatchObject([
        { __typename: 'PeerRemoved', roomId: room, ...annChanged, reason: 'LEFT' },
      ]);
      expect(await ann.room(room)).toBeNull();
      // None of ann's own messages came back to her.
      await ann.join(room);
      await ann.inbox.take(1);
      expect(await ann.beforeBarrier(ben, room)).toEqual([]);
    } finally {
      await Promise.all([ann.drop(), ben.drop()]);
    }
  },
);

const rooms = ['one', 'two', 'three', 'four', 'five'];
const messagesPerPeer = 500;

test('G2, G3, G6: 10,000 messages among 20 peers on two nodes each arrive once, in order, at their target only', {
  timeout: 180_000,
}, async () => {
  const members = await Promise.all(
    rooms.map(async (room, r) => {
      const four: GuestPeer[] = [];
      for (const [i, nodes] of placements.entries()) {
        const peer = await GuestPeer.arrive(`${room}${i}`, at(nodes));
        await peer.join(room);
        await peer.inbox.take(i);
        for (const present of four) await present.inbox.take(1);
        four.push(peer);
      }
      return { room, four, first: r };
    }),
  );
  // Each of the 20 peers sends its messages one after the other, to the three others in turn.
  await Promise.all(
    members.flatMap(({ room, four }) =>
      four.map(async (sender) => {
        const others = four.filter((peer) => peer !== sender);
        for (let n = 0; n < messagesPerPeer; n++) {
          const to = others[n % others.length];
          if (!to) throw new Error('A room has four peers.');
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
        const expected = Array.from({ length: messagesPerPeer }, (_, n) => n).filter((n) => n % 3 === first);
        expect(
          fromOther.map((message) => (message.__typename === 'Signal' ? message.data : message)),
        ).toEqual(expected.map((n) => ({ to: receiver.id, n })));
      }
      expect(new Set(came.map(({ peer }) => peer.id))).toEqual(new Set(others.map(({ id }) => id)));
    }
  }
  await Promise.all(members.flatMap(({ four }) => four.map((peer) => peer.drop())));
});
