import { expect } from 'vitest';
import { expectIncreasing, refusal, type Story } from '../support.ts';

const added = (roomId: string, offer: boolean) => ({ type: 'PeerAdded', roomId, offer });

/** Rooms that a peer enters as it opens its stream (G15). */
export function joinWithStreamStories(story: Story): void {
  story(
    'G1, G15: a new session enters its rooms, and is told to offer to each member there',
    async (stage) => {
      const [ann, ben] = await stage.roomOf('a', 'ann', 'ben');
      await ben.join('b', 'in b');
      const vic = await stage.peer('vic');
      await vic.drop();
      const connected = await vic.enter({ a: { vic: 1 }, b: null, empty: 'alone' });
      expect(connected).toMatchObject({ type: 'Connected', peer: vic.peer, resumed: false });
      expect(connected.rooms).toEqual([
        { id: 'a', members: [ann.as(null), ben.as(null), vic.as({ vic: 1 })] },
        { id: 'b', members: [ben.as('in b'), vic.as(null)] },
        { id: 'empty', members: [vic.as('alone')] },
      ]);
      expect(await vic.rooms()).toEqual(connected.rooms);
      const offers = await vic.take(3);
      expect(offers).toMatchObject([
        { ...added('a', true), ...ann.as(null) },
        { ...added('a', true), ...ben.as(null) },
        { ...added('b', true), ...ben.as('in b') },
      ]);
      expectIncreasing([connected, ...offers]);
      expect(await ann.take(1)).toMatchObject([{ ...added('a', false), ...vic.as({ vic: 1 }) }]);
      expect(await ben.take(2)).toMatchObject([
        { ...added('a', false), ...vic.as({ vic: 1 }) },
        { ...added('b', false), ...vic.as(null) },
      ]);
      for (const peer of [ann, ben]) {
        expect(await vic.beforeBarrier(peer, 'a')).toEqual([]);
        expect(await peer.beforeBarrier(vic, 'a')).toEqual([]);
      }
      await ben.broadcast('b', 'to b');
      expect(await vic.take(1)).toMatchObject([{ event: 'to b', roomId: 'b' }]);
    },
  );

  story(
    'G3, G15: a resume from any cursor of an entry with the stream brings the rest of it once',
    async (stage) => {
      const [ann, ben] = await stage.roomOf('a', 'ann', 'ben');
      const vic = await stage.peer('vic');
      const { cursor, rooms } = await vic.enter({ a: null });
      const entries = await vic.take(2);
      for (const [i, from] of [cursor, ...entries.map((entry) => entry.cursor)].entries()) {
        const joins = i % 2 === 0 ? {} : { a: 'again' };
        expect(await vic.resume(from, joins)).toMatchObject({ resumed: true, cursor: from, rooms });
        expect(await vic.take(entries.length - i)).toEqual(entries.slice(i));
        const receipt = await ann.relay('a', vic, 'barrier');
        const [barrier] = await vic.take(1);
        if (!barrier) expect.fail('take(1) returned no entry');
        expect(barrier.cursor, 'no entry came twice').toBe(receipt.cursor);
        entries.push(barrier);
      }
      expect(await ben.beforeBarrier(ann, 'a'), 'the members were told once').toMatchObject([
        added('a', false),
      ]);
    },
  );

  story('G15: a resumed session enters the rooms that it is not in, after what it missed', async (stage) => {
    const [ann, vic] = await stage.roomOf('a', 'ann', 'vic');
    const [ben] = await stage.roomOf('b', 'ben');
    await vic.drop();
    await ann.broadcast('a', 'missed');
    const after = vic.cursor;
    const connected = await vic.resume(after, { a: 'ignored', b: 'new', c: null });
    expect(connected).toMatchObject({ resumed: true, cursor: after });
    expect(connected.rooms).toEqual([
      { id: 'a', members: [ann.as(null), vic.as(null)] },
      { id: 'b', members: [ben.as(null), vic.as('new')] },
      { id: 'c', members: [vic.as(null)] },
    ]);
    const entries = await vic.take(2);
    expect(entries).toMatchObject([{ event: 'missed' }, { ...added('b', true), ...ben.as(null) }]);
    expectIncreasing([connected, ...entries]);
    expect(await ben.take(1)).toMatchObject([{ ...added('b', false), ...vic.as('new') }]);
    expect(await ann.beforeBarrier(vic, 'a'), 'the room that it was in is told nothing').toEqual([]);
    expect(await vic.beforeBarrier(ann, 'a')).toEqual([]);

    expect(await vic.resume(after, { b: 'other' }), 'the same cursor again').toMatchObject({ resumed: true });
    expect((await vic.take(3)).slice(0, 2)).toEqual(entries);
    expect(await ben.beforeBarrier(vic, 'b')).toEqual([]);
  });

  story('G15: a resume that takes over from an open stream enters rooms, too', async (stage) => {
    const [ann] = await stage.roomOf('a', 'ann');
    const vic = await stage.peer('vic');
    const older = vic.outcome();
    expect(await vic.resume(vic.cursor, { a: 1 })).toMatchObject({ resumed: true, rooms: [{ id: 'a' }] });
    expect(await older).toEqual(refusal('REPLACED'));
    expect(await vic.take(1)).toMatchObject([{ ...added('a', true), ...ann.as(null) }]);
    await ann.broadcast('a', 'm');
    expect(await vic.take(1)).toMatchObject([{ event: 'm' }]);
    expect(await ann.take(1)).toMatchObject([{ ...added('a', false), ...vic.as(1) }]);
    expect(await ann.relay('a', vic, 'm'), 'the room counts the new stream once').toMatchObject({
      status: 'DELIVERED',
    });
    await vic.drop();
    await expect.poll(async () => (await ann.broadcast('a', 'm')).status).toBe('QUEUED');
  });

  story('G5, G15: a new session that replaces one enters the same room in its place', async (stage) => {
    const [ann, vic] = await stage.roomOf('a', 'ann', 'vic');
    const older = vic.outcome();
    const connected = await vic.enter({ a: 'again' });
    expect(await older).toEqual(refusal('REPLACED'));
    expect(connected.rooms).toEqual([{ id: 'a', members: [ann.as(null), vic.as('again')] }]);
    expect(await vic.take(1)).toMatchObject([added('a', true)]);
    expect(await ann.take(2)).toMatchObject([
      { type: 'PeerRemoved', reason: 'REPLACED', ...vic.as(null) },
      { ...added('a', false), ...vic.as('again') },
    ]);
  });

  story(
    'G4, G15: a peer that comes back with its cursor and its rooms after its grace period is in its rooms',
    async (stage) => {
      const [ann, vic] = await stage.roomOf('a', 'ann', 'vic');
      await vic.drop();
      await ann.next((entry) => entry.type === 'PeerRemoved');
      expect(await vic.resume(vic.cursor, { a: null })).toMatchObject({
        resumed: false,
        rooms: [{ id: 'a', members: [ann.as(null), vic.as(null)] }],
      });
      expect(await vic.take(1)).toMatchObject([{ ...added('a', true), ...ann.as(null) }]);
      expect(await ann.take(1)).toMatchObject([{ ...added('a', false), ...vic.as(null) }]);
    },
    { graceMs: 300 },
  );

  story(
    'G1, G15: each pair has one offerer if many peers open their streams with one room',
    async (stage) => {
      const peers = await Promise.all(Array.from({ length: 12 }, (_, i) => stage.peer(`p${i}`)));
      await Promise.all(peers.map((peer, i) => peer.open(undefined, i, { r: i })));
      for (const [i, peer] of peers.entries()) {
        const others = peers.filter((other) => other !== peer);
        const entries = await peer.take(others.length);
        expect(new Set(entries.map((entry) => entry.peer.id))).toEqual(new Set(others.map(({ id }) => id)));
        expect(entries).toMatchObject(others.map(() => ({ type: 'PeerAdded' })));
        const offers = entries.filter((entry) => entry.type === 'PeerAdded' && entry.offer);
        const members = (await peer.room('r'))?.members ?? [];
        const place = members.findIndex((member) => member.peer.id === peer.id);
        expect(offers, `p${i} offers to those who came before it`).toHaveLength(place);
      }
    },
  );

  story('a stream with a cursor of an older session is refused, and enters no room', async (stage) => {
    const [ann] = await stage.roomOf('a', 'ann');
    const vic = await stage.peer('vic');
    const { cursor } = vic;
    await vic.open();
    await expect(vic.open(cursor, 0, { a: null })).rejects.toEqual(refusal('REPLACED'));
    expect(await ann.room('a')).toMatchObject({ members: [ann.as(null)] });
    expect(await vic.rooms()).toEqual([]);
  });

  story(
    'G15: if one room is full, no room is entered, and the session that lives goes on',
    async (stage) => {
      const [ann, ben] = await stage.roomOf('full', 'ann', 'ben');
      const vic = await stage.peer('vic');
      await vic.join('mine');
      for (const open of [
        () => vic.open(undefined, 0, { free: null, full: null }),
        () => vic.open(undefined, 1, { full: null, free: null }),
        () => vic.open(vic.cursor, 0, { free: null, full: null }),
        () => vic.open(vic.cursor, 1, { mine: null, full: null }),
      ]) {
        await expect(open()).rejects.toMatchObject({
          ...{ code: 'ROOM_FULL' },
          message: expect.stringContaining('the room "full"'),
        });
      }
      await ann.join('free');
      expect(await ann.room('free'), 'nobody is in it').toMatchObject({ members: [ann.as(null)] });
      expect(await vic.rooms()).toEqual([{ id: 'mine', members: [vic.as(null)] }]);
      expect(await ben.beforeBarrier(ann, 'full')).toEqual([]);
      await vic.join('free');
      expect(await vic.take(1), 'its stream is still open').toMatchObject([added('free', true)]);
    },
    { maxPeersPerRoom: 2 },
  );

  story(
    'G15: a peer without a session whose room is full has no session afterwards',
    async (stage) => {
      await stage.roomOf('full', 'ann');
      const vic = await stage.peer('vic');
      await vic.drop();
      await expect.poll(async () => vic.leave('x').catch(({ code }) => code)).toBe('NOT_CONNECTED');
      await expect(vic.open(undefined, 0, { full: null })).rejects.toEqual(refusal('ROOM_FULL'));
      await expect(vic.leave('x')).rejects.toEqual(refusal('NOT_CONNECTED'));
      expect(await vic.enter({ other: null })).toMatchObject({ rooms: [{ id: 'other' }] });
    },
    { maxPeersPerRoom: 1, graceMs: 100 },
  );

  story(
    'G15: a peer that begins a new session finds its own place in a full room free',
    async (stage) => {
      const [ann, vic] = await stage.roomOf('r', 'ann', 'vic');
      expect(await vic.enter({ r: 'back' })).toMatchObject({ rooms: [{ id: 'r' }] });
      expect((await ann.room('r'))?.members).toEqual([ann.as(null), vic.as('back')]);
    },
    { maxPeersPerRoom: 2 },
  );

  story(
    'G15: a stream may enter as many rooms as a peer may be in, those that it is in included',
    async (stage) => {
      const vic = await stage.peer('vic');
      expect(await vic.enter({ a: null, b: null, c: null })).toMatchObject({ resumed: false });
      expect(await vic.rooms()).toHaveLength(3);
      const tooMany = refusal('TOO_MANY_ROOMS');
      await expect(vic.open(undefined, 0, { d: 1, e: 1, f: 1, g: 1 })).rejects.toEqual(tooMany);
      await expect(vic.open(vic.cursor, 1, { a: 1, d: 1 })).rejects.toEqual(tooMany);
      expect(await vic.resume(vic.cursor, { c: 1, b: 1, a: 1 })).toMatchObject({ resumed: true });
      expect(await vic.enter({ d: 1, e: 1, f: 1 }), 'a new session is in no room yet').toMatchObject({
        rooms: [{ id: 'd' }, { id: 'e' }, { id: 'f' }],
      });
    },
    { maxRoomsPerPeer: 3 },
  );

  story(
    'G8, G15: a room that does not take the state, and rooms too large for one response, are refused',
    async (stage) => {
      const [ann, vic] = [await stage.peer('ann'), await stage.peer('vic')];
      const tooLarge = refusal('PAYLOAD_TOO_LARGE');
      const large = 'x'.repeat(800);
      for (const room of ['a', 'b', 'c']) await ann.join(room, large);
      await expect(vic.open(undefined, 0, { d: null, a: large })).rejects.toEqual(tooLarge);
      await expect(vic.open(undefined, 1, { a: null, b: null, c: null })).rejects.toEqual(tooLarge);
      expect((await ann.room('a'))?.members).toEqual([ann.as(large)]);
      await vic.enter({ a: null, d: large });
      expect(await ann.take(1)).toMatchObject([{ ...added('a', false), ...vic.as(null) }]);
      await expect(vic.open(vic.cursor, 0, { b: null })).rejects.toEqual(tooLarge);
      await vic.enter({ a: null, b: null });
      expect(await vic.rooms()).toHaveLength(2);
      // The room is full of its own state, which a new session may bring again.
      await vic.enter({ d: large });
      expect(await vic.enter({ d: large })).toMatchObject({ rooms: [{ members: [vic.as(large)] }] });
    },
    { maxRoomBytes: 1024, maxPeersPerRoom: 10 },
  );
}
