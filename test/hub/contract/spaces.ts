import { expect } from 'vitest';
import { refusal, type Story } from '../support.ts';

/** Peers and rooms of one space never meet those of another. */
export function spaceStories(story: Story): void {
  const nowhere = { id: 'ann' };
  const acme = { id: 'ann', space: 'acme' };
  const other = { id: 'ann', space: 'other' };

  story(
    'peers of the same id in three spaces have sessions, rooms and states of their own',
    async (stage) => {
      const all = [
        await stage.peer('one', nowhere),
        await stage.peer('two', acme),
        await stage.peer('three', other),
      ];
      for (const [i, ann] of all.entries()) {
        expect(await ann.join('r', i)).toMatchObject({ id: 'r', members: [{ peer: { id: 'ann' } }] });
      }
      for (const [i, ann] of all.entries()) {
        const { username } = ann.peer;
        const room = { id: 'r', members: [{ peer: { id: 'ann', username }, state: ann.as(i).state }] };
        expect(await ann.room('r')).toMatchObject(room);
        expect(await ann.rooms()).toMatchObject([room]);
        expect(await ann.look('r')).toMatchObject(room);
      }
      await all[1]?.leave('r');
      expect(await all[0]?.rooms()).toHaveLength(1);
      expect(await all[2]?.rooms()).toHaveLength(1);
      for (const ann of all) expect(ann.seen).toEqual([]);
    },
  );

  story(
    'G6: nothing that a peer does in a room reaches the room of the same id in another space',
    async (stage) => {
      const ben = await stage.peer('ben', { space: 'acme' });
      const eve = await stage.peer('eve', { space: 'other' });
      const [ann, dot] = await stage.roomOf('r', 'ann', 'dot');
      await eve.join('r');
      const friend = await stage.peer('friend', { space: 'acme' });
      await friend.join('r');
      await ben.join('r', 'state');
      await ben.broadcast('r', 'hello');
      await ben.setState('r', 2);
      await ben.say('r', 'hello');
      for (const to of [ann, eve]) {
        await expect(ben.relay('r', to, 'hello')).rejects.toEqual(refusal('PEER_NOT_IN_ROOM'));
        await expect(ben.say('r', 'hello', 1, to)).rejects.toEqual(refusal('PEER_NOT_IN_ROOM'));
        expect(await ben.remove('r', to)).toEqual({ removed: false, receivers: 0 });
      }
      expect(await ben.closeRoom('r')).toEqual({ removed: true, receivers: 2 });
      expect(await ann.beforeBarrier(dot, 'r')).toEqual([]);
      const pal = await stage.peer('pal', { space: 'other' });
      await pal.join('r');
      expect(await eve.beforeBarrier(pal, 'r')).toMatchObject([{ type: 'PeerAdded', peer: { id: pal.id } }]);
      expect(await friend.take(5)).toMatchObject([
        { type: 'PeerAdded', roomId: 'r', peer: { id: ben.id }, offer: false },
        { type: 'Signal', roomId: 'r', peer: { id: ben.id } },
        { type: 'PeerChanged', roomId: 'r', peer: { id: ben.id } },
        { type: 'Signal', roomId: 'r', peer: { id: ben.id } },
        { type: 'PeerRemoved', roomId: 'r', peer: { id: friend.id }, reason: 'CLOSED' },
      ]);
    },
  );

  story(
    'G3, G15: with a space, rooms are entered with the stream, and a resume brings what was missed',
    async (stage) => {
      const ann = await stage.peer('ann', acme);
      await ann.join('r');
      const ben = await stage.peer('ben', { space: 'acme' });
      expect(await ben.enter({ r: 1, q: 2 })).toMatchObject({
        peer: { id: ben.id },
        rooms: [{ id: 'r', members: [{ peer: { id: 'ann' } }, { peer: { id: ben.id } }] }, { id: 'q' }],
      });
      expect(await ben.take(1)).toMatchObject([
        { type: 'PeerAdded', roomId: 'r', peer: { id: 'ann' }, offer: true },
      ]);
      await ann.take(1);
      await ben.drop();
      await ann.broadcast('r', 'missed');
      await ann.relay('r', ben, 'for ben');
      expect(await ben.resume()).toMatchObject({ resumed: true, rooms: [{ id: 'r' }, { id: 'q' }] });
      expect(await ben.take(2)).toMatchObject([
        { event: 'missed', roomId: 'r', peer: { id: 'ann' } },
        { event: 'for ben', roomId: 'r' },
      ]);
      await ann.drop();
      await ann.resume();
      await ben.broadcast('r', 'after');
      expect(await ann.take(1)).toMatchObject([{ event: 'after' }]);
    },
  );

  story(
    'a room that cannot be entered is named without its space',
    async (stage) => {
      const ann = await stage.peer('ann', acme);
      await ann.join('r');
      const ben = await stage.peer('ben', { space: 'acme' });
      await expect(ben.enter({ r: null })).rejects.toThrow('the room "r", which');
    },
    { maxPeersPerRoom: 1 },
  );
}
