import { expect } from 'vitest';
import type { Entry } from '../../../src/hub/hub.ts';
import type { TestPeer } from '../peer.ts';
import { expectIncreasing, refusal, type Story } from '../support.ts';

/** One offerer for each pair (G1), calls that may be repeated (G7), and the members that a room shows. */
export function roomStories(story: Story): void {
  story('G1: a peer that joins is told to offer, and the peer already in the room to wait', async (stage) => {
    const ann = await stage.peer('ann');
    const ben = await stage.peer('ben');
    await ann.join('r', { hat: 'red' });
    const room = await ben.join('r', { hat: 'blue' });
    const [added] = await ann.take(1);
    const [offer] = await ben.take(1);
    expect(added).toMatchObject({
      type: 'PeerAdded',
      roomId: 'r',
      offer: false,
      ...ben.as({ hat: 'blue' }),
    });
    expect(offer).toMatchObject({
      type: 'PeerAdded',
      roomId: 'r',
      offer: true,
      ...ann.as({ hat: 'red' }),
    });
    expect(room).toEqual({ id: 'r', members: [ann.as({ hat: 'red' }), ben.as({ hat: 'blue' })] });
  });

  story(
    'G1: each pair has one offerer if fifty peers join one room at once through both hubs',
    async (stage) => {
      const peers: TestPeer[] = [];
      for (let i = 0; i < 50; i++) peers.push(await stage.peer(`p${i}`));
      const rooms = await Promise.all(peers.map((peer, i) => peer.join('r', i)));
      const heard = await Promise.all(peers.map((peer) => peer.take(peers.length - 1)));

      const offers = new Map<string, boolean>();
      for (const [i, entries] of heard.entries()) {
        expectIncreasing(entries);
        for (const entry of entries) {
          if (entry.type !== 'PeerAdded') expect.fail(`Expected only PeerAdded, got ${entry.type}.`);
          const { peer, state, offer } = entry;
          expect({ peer, state }).toEqual(peers[Number(state.text)]?.as(state));
          offers.set(`${i} of ${state.text}`, offer);
        }
        // A joiner offers to the members that it found, in their order.
        const found = rooms[i]?.members.slice(0, -1);
        const toldToOffer = entries.filter((e) => e.type === 'PeerAdded').filter((e) => e.offer);
        expect(toldToOffer.map(({ peer, state }) => ({ peer, state }))).toEqual(found);
      }
      for (let a = 0; a < peers.length; a++) {
        for (let b = 0; b < a; b++) {
          expect([offers.get(`${a} of ${b}`), offers.get(`${b} of ${a}`)].toSorted()).toEqual([false, true]);
        }
      }
      const [first, ...others] = peers;
      for (const other of others) {
        if (first)
          expect(await other.beforeBarrier(first, 'r'), 'no more than one entry for each pair').toEqual([]);
      }
    },
  );

  story('G1: each pair has one offerer for each meeting if joins and leaves cross', async (stage) => {
    const peers: TestPeer[] = [];
    for (let i = 0; i < 12; i++) peers.push(await stage.peer(`p${i}`));
    const wander = async (peer: TestPeer) => {
      for (let round = 0; round < 4; round++) {
        await peer.join('r');
        await peer.leave('r');
      }
      await peer.join('r');
    };
    await Promise.all(peers.map(wander));
    const [first, second] = peers;
    if (!first || !second) expect.fail('there are too few peers');
    for (const peer of peers) await peer.beforeBarrier(peer === first ? second : first, 'r');

    const additions = (peer: TestPeer, about: TestPeer) =>
      peer.seen.filter((e) => e.type === 'PeerAdded' && e.peer.id === about.id);
    for (const peer of peers) {
      for (const other of peers) {
        if (peer === other) continue;
        const waits = additions(peer, other).filter((e) => e.type === 'PeerAdded' && !e.offer);
        const offers = additions(other, peer).filter((e) => e.type === 'PeerAdded' && e.offer);
        expect(waits.length, 'each time one is told to wait, the other is told to offer').toBe(offers.length);
        const last = peer.seen.findLast((e: Entry) => e.peer.id === other.id && e.type !== 'Signal');
        expect(last?.type).toBe('PeerAdded');
      }
      expect((await peer.room('r'))?.members).toEqual((await first.room('r'))?.members);
    }
    expect((await first.room('r'))?.members).toHaveLength(peers.length);
  });

  story('G7: joining again returns the room and announces nothing', async (stage) => {
    const [ann, ben] = await stage.roomOf('r', 'ann', 'ben');
    const room = { id: 'r', members: [ann.as(null), ben.as(null)] };
    expect(await ann.join('r', 'another state')).toEqual(room);
    expect(await ann.join('r')).toEqual(room);
    expect(await ben.beforeBarrier(ann, 'r')).toEqual([]);
    expect(await ann.beforeBarrier(ben, 'r')).toEqual([]);
  });

  story('G7: leaving again returns false and announces nothing', async (stage) => {
    const [ann, ben, cat] = await stage.roomOf('r', 'ann', 'ben', 'cat');
    expect(await ann.leave('r')).toBe(true);
    expect(await ann.leave('r')).toBe(false);
    expect(await ann.leave('never joined')).toBe(false);
    expect((await ben.beforeBarrier(cat, 'r')).map((e) => e.type)).toEqual(['PeerRemoved']);
  });

  story(
    'a room shows its members in the order of joining, each with its state in that room',
    async (stage) => {
      const [ann, ben, cat] = await stage.roomOf('r', 'ann', 'ben', 'cat');
      await ann.join('other', 'elsewhere');
      expect(await ann.setState('r', { n: 1 })).toEqual(ann.as({ n: 1 }));
      await ben.leave('r');
      await ben.join('r', 'back');
      const members = [ann.as({ n: 1 }), cat.as(null), ben.as('back')];
      expect(await cat.room('r')).toEqual({ id: 'r', members });
      expect(await ann.room('other')).toEqual({ id: 'other', members: [ann.as('elsewhere')] });
    },
  );

  story('the rooms of a peer are listed in the order in which it joined them', async (stage) => {
    const ann = await stage.peer('ann');
    expect(await ann.rooms()).toEqual([]);
    for (const room of ['z', 'a', 'm', '10', '9']) await ann.join(room);
    await ann.leave('a');
    await ann.join('a');
    expect((await ann.rooms()).map((room) => room.id)).toEqual(['z', 'm', '10', '9', 'a']);
  });

  story('a new state reaches the others, and stays with the member until its removal', async (stage) => {
    const [ann, ben] = await stage.roomOf('r', 'ann', 'ben');
    await ann.setState('r', { camera: true });
    await ann.relay('r', ben, 'hello');
    await ann.leave('r');
    const member = ann.as({ camera: true });
    const entries = await ben.take(3);
    expect(entries).toMatchObject([
      { type: 'PeerChanged', ...member },
      { type: 'Signal', peer: ann.peer },
      { type: 'PeerRemoved', ...member },
    ]);
  });

  story('a room is empty after its last member has left', async (stage) => {
    const [ann, ben] = await stage.roomOf('r', 'ann', 'ben');
    await ann.leave('r');
    await ben.leave('r');
    const cat = await stage.peer('cat');
    expect(await cat.join('r')).toEqual({ id: 'r', members: [cat.as(null)] });
    await ann.join('r');
    expect((await cat.beforeBarrier(ann, 'r')).map((e) => e.type)).toEqual(['PeerAdded']);
  });

  story(
    'a full room refuses a new peer, lets a member join again, and has a place when a member leaves',
    async (stage) => {
      const [ann, ben] = await stage.roomOf('r', 'ann', 'ben');
      const cat = await stage.peer('cat');
      await expect(cat.join('r')).rejects.toEqual(refusal('ROOM_FULL'));
      expect((await ann.join('r')).members).toHaveLength(2);
      expect(await cat.rooms()).toEqual([]);
      expect(await ben.beforeBarrier(ann, 'r')).toEqual([]);
      await ann.leave('r');
      expect((await cat.join('r')).members).toEqual([ben.as(null), cat.as(null)]);
    },
    { maxPeersPerRoom: 2 },
  );

  story(
    'a peer in its maximum of rooms can join another only after it leaves one',
    async (stage) => {
      const [ann, ben] = await stage.roomOf('a', 'ann', 'ben');
      await ann.join('b');
      await ben.join('c');
      await expect(ann.join('c')).rejects.toEqual(refusal('TOO_MANY_ROOMS'));
      expect((await ann.join('b')).id).toBe('b');
      expect(await ben.beforeBarrier(ann, 'a')).toEqual([]);
      await ann.leave('b');
      expect((await ann.join('c')).members).toHaveLength(2);
    },
    { maxRoomsPerPeer: 2 },
  );
}
