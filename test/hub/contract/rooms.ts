import { expect } from 'vitest';
import type { Entry } from '../../../src/hub/hub.ts';
import type { TestPeer } from '../peer.ts';
import { expectIncreasing, refusal, type Story } from '../support.ts';

/** Who joins hears of whom, once, and which of the two offers (G1, G7); and what a room shows. */
export function roomStories(story: Story): void {
  story(
    'G1: of two peers the one who joins is told to offer, the one who was there to wait',
    async (stage) => {
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
        peer: ben.as({ hat: 'blue' }),
      });
      expect(offer).toMatchObject({
        type: 'PeerAdded',
        roomId: 'r',
        offer: true,
        peer: ann.as({ hat: 'red' }),
      });
      expect(room).toEqual({ id: 'r', peers: [ann.as({ hat: 'red' }), ben.as({ hat: 'blue' })] });
    },
  );

  story(
    'G1: fifty peers join one room at once, on both nodes, and each pair has one offerer',
    async (stage) => {
      const peers: TestPeer[] = [];
      for (let i = 0; i < 50; i++) peers.push(await stage.peer(`p${i}`));
      const rooms = await Promise.all(peers.map((peer, i) => peer.join('r', i)));
      const heard = await Promise.all(peers.map((peer) => peer.take(peers.length - 1)));

      const offers = new Map<string, boolean>();
      for (const [i, entries] of heard.entries()) {
        expectIncreasing(entries);
        for (const entry of entries) {
          if (entry.type !== 'PeerAdded') expect.fail(`${entry.type} where only PeerAdded belongs`);
          expect(entry.peer).toEqual(peers[Number(entry.peer.state)]?.as(entry.peer.state));
          offers.set(`${i} of ${entry.peer.state}`, entry.offer);
        }
        // Those whom the joiner found in the room are those it offers to, in their order.
        const found = rooms[i]?.peers.slice(0, -1);
        expect(entries.filter((e) => e.type === 'PeerAdded' && e.offer).map((e) => e.peer)).toEqual(found);
      }
      for (let a = 0; a < peers.length; a++) {
        for (let b = 0; b < a; b++) {
          expect([offers.get(`${a} of ${b}`), offers.get(`${b} of ${a}`)].toSorted()).toEqual([false, true]);
        }
      }
      const [first, ...others] = peers;
      for (const other of others) {
        if (first)
          expect(await other.beforeBarrier(first, 'r'), 'nothing beyond one entry a pair').toEqual([]);
      }
    },
  );

  story(
    'G1: also where joins and leaves cross, each pair has one offerer for each time it meets',
    async (stage) => {
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
      if (!first || !second) expect.fail('there are peers');
      for (const peer of peers) await peer.beforeBarrier(peer === first ? second : first, 'r');

      const additions = (peer: TestPeer, about: TestPeer) =>
        peer.seen.filter((e) => e.type === 'PeerAdded' && e.peer.id === about.id);
      for (const peer of peers) {
        for (const other of peers) {
          if (peer === other) continue;
          const waits = additions(peer, other).filter((e) => e.type === 'PeerAdded' && !e.offer);
          const offers = additions(other, peer).filter((e) => e.type === 'PeerAdded' && e.offer);
          expect(waits.length, 'each time that one is to wait, the other is to offer').toBe(offers.length);
          const lastWord = peer.seen.findLast((e: Entry) => e.peer.id === other.id && e.type !== 'Signal');
          expect(lastWord?.type).toBe('PeerAdded');
        }
        expect((await peer.room('r'))?.peers).toEqual((await first.room('r'))?.peers);
      }
      expect((await first.room('r'))?.peers).toHaveLength(peers.length);
    },
  );

  story('G7: joining again gives the room and announces nothing', async (stage) => {
    const [ann, ben] = await stage.roomOf('r', 'ann', 'ben');
    const room = { id: 'r', peers: [ann.as(null), ben.as(null)] };
    expect(await ann.join('r', 'another state')).toEqual(room);
    expect(await ann.join('r')).toEqual(room);
    expect(await ben.beforeBarrier(ann, 'r')).toEqual([]);
    expect(await ann.beforeBarrier(ben, 'r')).toEqual([]);
  });

  story('G7: leaving again gives false and announces nothing', async (stage) => {
    const [ann, ben, cat] = await stage.roomOf('r', 'ann', 'ben', 'cat');
    expect(await ann.leave('r')).toBe(true);
    expect(await ann.leave('r')).toBe(false);
    expect(await ann.leave('never seen')).toBe(false);
    expect((await ben.beforeBarrier(cat, 'r')).map((e) => e.type)).toEqual(['PeerRemoved']);
  });

  story('a room shows its peers in the order of joining, each with its state there', async (stage) => {
    const [ann, ben, cat] = await stage.roomOf('r', 'ann', 'ben', 'cat');
    await ann.join('other', 'elsewhere');
    expect(await ann.setState('r', { n: 1 })).toEqual(ann.as({ n: 1 }));
    await ben.leave('r');
    await ben.join('r', 'back');
    const peers = [ann.as({ n: 1 }), cat.as(null), ben.as('back')];
    expect(await cat.room('r')).toEqual({ id: 'r', peers });
    expect(await ann.room('other')).toEqual({ id: 'other', peers: [ann.as('elsewhere')] });
  });

  story('a peer sees its rooms in the order in which it joined them', async (stage) => {
    const ann = await stage.peer('ann');
    expect(await ann.rooms()).toEqual([]);
    for (const room of ['z', 'a', 'm', '10', '9']) await ann.join(room);
    await ann.leave('a');
    await ann.join('a');
    expect((await ann.rooms()).map((room) => room.id)).toEqual(['z', 'm', '10', '9', 'a']);
  });

  story('a state that is set reaches the others and stays with the peer until it goes', async (stage) => {
    const [ann, ben] = await stage.roomOf('r', 'ann', 'ben');
    await ann.setState('r', { camera: true });
    await ann.relay('r', ben, 'hello');
    await ann.leave('r');
    const peer = ann.as({ camera: true });
    const entries = await ben.take(3);
    expect(entries).toMatchObject([
      { type: 'PeerChanged', peer },
      { type: 'Signal', peer },
      { type: 'PeerRemoved', peer },
    ]);
  });

  story('a room is gone with the last who leaves it', async (stage) => {
    const [ann, ben] = await stage.roomOf('r', 'ann', 'ben');
    await ann.leave('r');
    await ben.leave('r');
    const cat = await stage.peer('cat');
    expect(await cat.join('r')).toEqual({ id: 'r', peers: [cat.as(null)] });
    await ann.join('r');
    expect((await cat.beforeBarrier(ann, 'r')).map((e) => e.type)).toEqual(['PeerAdded']);
  });

  story(
    'a full room takes no more, lets those in it join again, and has a place when one leaves',
    async (stage) => {
      const [ann, ben] = await stage.roomOf('r', 'ann', 'ben');
      const cat = await stage.peer('cat');
      await expect(cat.join('r')).rejects.toEqual(refusal('ROOM_FULL'));
      expect((await ann.join('r')).peers).toHaveLength(2);
      expect(await cat.rooms()).toEqual([]);
      expect(await ben.beforeBarrier(ann, 'r')).toEqual([]);
      await ann.leave('r');
      expect((await cat.join('r')).peers).toEqual([ben.as(null), cat.as(null)]);
    },
    { maxPeersPerRoom: 2 },
  );

  story(
    'a peer in as many rooms as it may be joins another once it has left one',
    async (stage) => {
      const [ann, ben] = await stage.roomOf('a', 'ann', 'ben');
      await ann.join('b');
      await ben.join('c');
      await expect(ann.join('c')).rejects.toEqual(refusal('TOO_MANY_ROOMS'));
      expect((await ann.join('b')).id).toBe('b');
      expect(await ben.beforeBarrier(ann, 'a')).toEqual([]);
      await ann.leave('b');
      expect((await ann.join('c')).peers).toHaveLength(2);
    },
    { maxRoomsPerPeer: 2 },
  );
}
