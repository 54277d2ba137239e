import { expect } from 'vitest';
import { payload } from '../peer.ts';
import { refusal, type Story } from '../support.ts';

const stranger = (id: string) => ({ id: `${id}-${Math.random()}`, username: id, guest: true });

/** Who gets a place when there are no more streams, and what is read of rooms. */
export function placeStories(story: Story): void {
  story(
    'G13: a session keeps its place: it resumes although others have taken all streams of the node',
    async ({ hubs: [hub], peer }) => {
      const ann = await peer('ann');
      await ann.join('r');
      await ann.drop();
      const other = await hub.open(stranger('other'));
      await expect(hub.open(stranger('new'))).rejects.toEqual(refusal('UNAVAILABLE'));
      await expect(hub.open(stranger('made up'), '1'), 'a cursor without a session').rejects.toEqual(
        refusal('UNAVAILABLE'),
      );
      expect(await ann.open(ann.cursor, 0)).toMatchObject({ resumed: true, rooms: [{ id: 'r' }] });
      await other.return();
    },
    { maxStreams: 1 },
  );

  story(
    'G13: a full node that refuses a new session leaves the old one alone',
    async ({ hubs: [hub], peer }) => {
      const ann = await peer('ann');
      await ann.join('r');
      await ann.drop();
      const other = await hub.open(stranger('other'));
      await expect(hub.open(ann.peer)).rejects.toEqual(refusal('UNAVAILABLE'));
      expect(await ann.open(ann.cursor, 0)).toMatchObject({ resumed: true });
      await other.return();
    },
    { maxStreams: 1 },
  );

  story(
    'G13: a full node lets a peer open anew, because its older stream makes way',
    async ({ peer }) => {
      const ann = await peer('ann');
      expect(await ann.open(ann.cursor, 0)).toMatchObject({ resumed: true });
      expect(await ann.open(undefined, 0)).toMatchObject({ resumed: false });
    },
    { maxStreams: 1 },
  );

  story('members that are not asked for are not read', async ({ hubs, peer, roomOf }) => {
    const [ann] = await roomOf('r', 'ann', 'ben');
    const view = { members: false };
    expect(await hubs[0].room(ann.id, 'r', view)).toEqual({ id: 'r', members: [] });
    expect(await hubs[1].rooms(ann.id, view)).toEqual([{ id: 'r', members: [] }]);
    const cat = await peer('cat');
    expect(await hubs[1].joinRoom(cat.id, 'r', payload(1), view)).toMatchObject({ id: 'r', members: [] });
    const stream = await hubs[0].open(cat.peer, cat.cursor, [], view);
    expect(await stream.next()).toMatchObject({
      value: { resumed: true, rooms: [{ id: 'r', members: [] }] },
    });
    await stream.return();
  });

  story('an operation tells how many others it reached', async ({ hubs: [hub], peer, roomOf }) => {
    const [ann, ben] = await roomOf('r', 'ann', 'ben', 'cat');
    expect(await hub.relay(ann.id, 'r', ben.id, 'm', payload(1))).toMatchObject({ receivers: 1 });
    expect(await hub.broadcast(ann.id, 'r', 'm', payload(1))).toMatchObject({ receivers: 2 });
    expect(await hub.setState(ann.id, 'r', payload('x'))).toMatchObject({ receivers: 2 });
    const dan = await peer('dan');
    const joined = await hub.joinRoom(dan.id, 'r', payload('y'));
    const members = joined.members.map((member) => ({ ...member, state: member.state.parse() }));
    const bytes = members.reduce((sum, member) => sum + JSON.stringify(member).length, 0);
    expect(joined).toMatchObject({ receivers: 3, bytes });
    expect(await hub.joinRoom(dan.id, 'r', payload('y')), 'again').toMatchObject({ receivers: 0, bytes: 0 });
    const alone = await peer('alone');
    expect(await hub.joinRoom(alone.id, 'empty', payload(1))).toMatchObject({ receivers: 0 });
    expect(await hub.broadcast(alone.id, 'empty', 'm', payload(1))).toMatchObject({ receivers: 0 });
  });
}
