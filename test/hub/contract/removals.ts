import { expect } from 'vitest';
import { TestPeer } from '../peer.ts';
import { expectIncreasing, refusal, type Story } from '../support.ts';

const now = () => Math.floor(Date.now() / 1000);

/** Peers that are put out of rooms (G16). */
export function removalStories(story: Story): void {
  story('G16: a peer that is put out gets KICKED about itself, and so do the others', async (stage) => {
    const [ann, ben, cat] = await stage.roomOf('r', 'ann', 'ben', 'cat');
    await ben.setState('r', 'rude');
    const mod = new TestPeer(stage.hubs, 'mod');
    expect(await mod.remove('r', ben)).toEqual({ removed: true, receivers: 3 });
    const removed = { type: 'PeerRemoved', roomId: 'r', reason: 'KICKED', ...ben.as('rude') };
    for (const peer of [ann, cat]) expect((await peer.take(2))[1]).toMatchObject(removed);
    expect(await ben.take(1)).toMatchObject([removed]);
    expect(await ben.rooms()).toEqual([]);
    expect((await ann.room('r'))?.members).toEqual([ann.as(null), cat.as(null)]);
    await expect(ben.broadcast('r', 'hello')).rejects.toEqual(refusal('NOT_IN_ROOM'));
    await ann.broadcast('r', 'hello');
    const [elsewhere] = await stage.roomOf('elsewhere', 'elsewhere');
    await ben.join('elsewhere');
    await ben.take(1);
    expect(await ben.beforeBarrier(elsewhere, 'elsewhere'), 'it hears no more of the room').toEqual([]);
    expect(await mod.remove('r', ben), 'it is not there any more').toEqual({ removed: false, receivers: 0 });
  });

  story(
    'G16: a peer that was put out may not come back with its token, by no way and on no node',
    async (stage) => {
      const [ann, ben] = await stage.roomOf('r', 'ann', 'ben');
      ben.pass = { id: 'token of ben', issuedAt: 0 };
      await ben.resume();
      await ann.remove('r', ben);
      const forbidden = refusal('FORBIDDEN');
      for (let i = 0; i < 2; i++) await expect(ben.join('r')).rejects.toEqual(forbidden);
      await expect(ben.resume(ben.cursor, { r: null })).rejects.toEqual(forbidden);
      await expect(ben.resume(ben.cursor, { r: null })).rejects.toThrow('You cannot enter the room "r"');
      await expect(ben.enter({ q: null, r: null })).rejects.toEqual(forbidden);
      expect(await ben.rooms(), 'nothing has changed').toEqual([]);
      for (const call of [
        () => ben.look('r'),
        () => ben.say('r', 'hello'),
        () => ben.remove('r', ann),
        () => ben.closeRoom('r'),
      ])
        await expect(call(), 'nor moderate the room').rejects.toEqual(forbidden);
      await ben.open();
      await expect(ben.join('r'), 'nor in a new session').rejects.toEqual(forbidden);
      await ben.join('another room');
      const cat = await stage.peer('cat');
      await cat.join('r');
      expect((await ann.take(2)).map(({ type }) => type)).toEqual(['PeerRemoved', 'PeerAdded']);
    },
  );

  story('G16: a token that was made after the removal lets the peer in again', async (stage) => {
    const [ann, ben] = await stage.roomOf('r', 'ann', 'ben');
    // Its maker's clock is ahead.
    ben.pass = { id: 'used', issuedAt: now() + 60 };
    await ben.resume();
    await ann.remove('r', ben);
    const forbidden = refusal('FORBIDDEN');
    await expect(ben.join('r'), 'the same token').rejects.toEqual(forbidden);
    ben.pass = { id: 'older', issuedAt: now() - 60 };
    await expect(ben.join('r'), 'one that was made before').rejects.toEqual(forbidden);
    ben.pass = { id: 'unknown', issuedAt: 0 };
    await expect(ben.join('r'), 'one of unknown age, such as a guest’s').rejects.toEqual(forbidden);
    ben.pass = { id: 'newer', issuedAt: now() + 1 };
    expect((await ben.join('r')).members).toHaveLength(2);
    await ben.leave('r');
    await expect(ben.enter({ r: null })).resolves.toMatchObject({ rooms: [{ id: 'r' }] });
  });

  story(
    'G16: after the time of a removal the peer may come back with the same token',
    async (stage) => {
      const [ann, ben] = await stage.roomOf('r', 'ann', 'ben');
      ben.pass = { id: 'token', issuedAt: now() - 5 };
      await ben.resume();
      await ann.remove('r', ben);
      await expect(ben.join('r')).rejects.toEqual(refusal('FORBIDDEN'));
      const back = () =>
        ben.join('r').then(
          () => 'back',
          ({ code }) => code,
        );
      await expect.poll(back, { timeout: 8000 }).toBe('back');
    },
    { removalMs: 1500 },
  );

  story(
    'G3, G16: a peer that was put out while it was away learns it from its resume, in order',
    async (stage) => {
      const [ann, ben] = await stage.roomOf('r', 'ann', 'ben');
      await ben.join('q');
      await ben.drop();
      await ann.broadcast('r', 'before');
      await ann.remove('r', ben);
      await ann.broadcast('r', 'after');
      const after = ben.cursor;
      for (let i = 0; i < 2; i++) {
        expect(await ben.resume(after)).toMatchObject({ resumed: true, rooms: [{ id: 'q' }] });
        const entries = await ben.take(2);
        expect(entries).toMatchObject([
          { event: 'before' },
          { type: 'PeerRemoved', reason: 'KICKED', peer: ben.peer },
        ]);
        expectIncreasing(entries);
        await ben.drop();
      }
      await ben.resume();
    },
  );

  story(
    'G16: all members of a room that is closed get CLOSED about themselves, and nothing of the others',
    async (stage) => {
      const [ann, ben, cat] = await stage.roomOf('r', 'ann', 'ben', 'cat');
      await cat.drop();
      await ben.setState('r', 'state');
      await ann.take(1);
      expect(await ann.closeRoom('r')).toEqual({ removed: true, receivers: 3 });
      expect(await ann.closeRoom('r')).toEqual({ removed: false, receivers: 0 });
      const closed = { type: 'PeerRemoved', roomId: 'r', reason: 'CLOSED' };
      expect(await ann.take(1)).toMatchObject([{ ...closed, ...ann.as(null) }]);
      expect(await ben.take(1)).toMatchObject([{ ...closed, ...ben.as('state') }]);
      expect(await cat.resume()).toMatchObject({ resumed: true, rooms: [] });
      expect(await cat.take(2)).toMatchObject([{ type: 'PeerChanged' }, { ...closed, ...cat.as(null) }]);
      for (const peer of [ann, ben, cat]) {
        expect(await peer.rooms()).toEqual([]);
        await expect(peer.broadcast('r', 'hello')).rejects.toEqual(refusal('NOT_IN_ROOM'));
      }
      expect(await ben.join('r', 'again'), 'it is empty, and open to all').toEqual({
        id: 'r',
        members: [ben.as('again')],
      });
      await ann.join('r');
      expect(await ann.beforeBarrier(ben, 'r')).toMatchObject([{ type: 'PeerAdded', ...ben.as('again') }]);
      expect(await ben.beforeBarrier(ann, 'r')).toMatchObject([{ type: 'PeerAdded', ...ann.as(null) }]);
      expect(await cat.rooms()).toEqual([]);
    },
  );

  story(
    'G16: a session that goes on with a token of fewer rooms leaves those that it may not be in',
    async (stage) => {
      const [ann, ben] = await stage.roomOf('r', 'ann', 'ben');
      await ben.join('team-7/a');
      await ben.join('team-8/a');
      await ben.drop();
      await ann.broadcast('r', 'before');
      ben.pass = { id: 'newer', issuedAt: now(), rooms: ['team-7/*', 'q'] };
      const after = ben.cursor;
      expect(await ben.resume(after, { q: 'state' })).toMatchObject({
        resumed: true,
        rooms: [{ id: 'team-7/a' }, { id: 'q' }],
      });
      const left = { type: 'PeerRemoved', reason: 'KICKED', peer: ben.peer };
      const entries = await ben.take(3);
      expect(entries).toMatchObject([
        { event: 'before' },
        { ...left, roomId: 'r' },
        { ...left, roomId: 'team-8/a' },
      ]);
      expectIncreasing(entries);
      expect(await ann.take(1)).toMatchObject([{ ...left, roomId: 'r' }]);
      expect((await ben.rooms()).map(({ id }) => id)).toEqual(['team-7/a', 'q']);
      // The answer was lost: the same comes again.
      await ben.drop();
      expect(await ben.resume(after)).toMatchObject({ resumed: true });
      expect(await ben.take(3)).toEqual(entries);
      ben.pass = { id: 'newest', issuedAt: now() };
      await ben.join('r');
      expect((await ben.room('r'))?.members).toHaveLength(2);
    },
  );

  story('G16: a session whose new token admits it to no room stays, and is in none', async (stage) => {
    const [ann, ben] = await stage.roomOf('r', 'ann', 'ben');
    ben.pass = { id: 'newer', issuedAt: now(), rooms: [] };
    expect(await ben.resume()).toMatchObject({ resumed: true, rooms: [] });
    expect(await ann.take(1)).toMatchObject([{ type: 'PeerRemoved', reason: 'KICKED' }]);
    expect(await ben.take(1)).toMatchObject([{ type: 'PeerRemoved', reason: 'KICKED', peer: ben.peer }]);
  });
}
