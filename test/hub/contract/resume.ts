import { setImmediate as turn } from 'node:timers/promises';
import { expect } from 'vitest';
import type { Cursor, Entry } from '../../../src/hub/hub.ts';
import type { TestPeer } from '../peer.ts';
import { expectIncreasing, isSignal, refusal, type Story } from '../support.ts';

/** Sends `times` numbers from `first` on. Every third is a relay to `to`, the others are broadcasts. */
async function count(from: TestPeer, to: TestPeer, roomId: string, times: number, first = 0): Promise<void> {
  for (let n = first; n < first + times; n++) {
    if (n % 3 === 0) await from.relay(roomId, to, 'count', n);
    else await from.broadcast(roomId, 'count', n);
  }
}

function counted(entries: readonly Entry[], by: TestPeer): unknown[] {
  return entries
    .filter(isSignal)
    .flatMap((e) => (e.event === 'count' && e.peer.id === by.id ? e.data.parse() : []));
}

/** No loss and no duplicate across lost connections (G3). */
export function resumeStories(story: Story): void {
  story(
    'G3: a resume from any cursor brings all later entries once, in order, on the other node',
    async (stage) => {
      const [ann, ben, cat] = await stage.roomOf('a', 'ann', 'ben', 'cat');
      await ann.join('b', 'in b');
      const vic = await stage.peer('vic');
      const cursors: Cursor[] = [vic.cursor];
      await vic.join('a', { vic: true });
      await ann.relay('a', vic, 'answer', { sdp: 'v=0' });
      await ben.broadcast('a', 'chat', 'hello');
      await cat.setState('a', ['a', 'state']);
      await vic.join('b');
      await ben.leave('a');
      await ann.broadcast('b', 'chat', []);
      await ben.join('b');
      await cat.drop();
      await cat.open();
      await cat.join('a', 'new');
      const entries = await vic.take(12);
      expectIncreasing(entries);
      const types = entries.map((e) => e.type);
      expect(new Set(types)).toEqual(new Set(['PeerAdded', 'Signal', 'PeerChanged', 'PeerRemoved']));
      expect(
        types.slice(0, 3),
        'the entries of one join come first, so that some cursors lie between them',
      ).toEqual(Array(3).fill('PeerAdded'));

      cursors.push(...entries.map((e) => e.cursor));
      const rooms = await vic.rooms();
      for (const [i, cursor] of cursors.entries()) {
        // Every other resume takes over from a stream that is still open.
        if (i % 2 === 0) await vic.drop();
        const connected = await vic.resume(cursor);
        expect(connected).toEqual({ type: 'Connected', cursor, peer: vic.peer, resumed: true, rooms });
        expect(await vic.take(entries.length - i)).toEqual(entries.slice(i));
        const receipt = await ann.relay('a', vic, 'barrier', i);
        const [barrier] = await vic.take(1);
        if (!barrier) expect.fail('take(1) returned no entry');
        expect(barrier.cursor, 'no entry came twice').toBe(receipt.cursor);
        entries.push(barrier);
      }
    },
  );

  story('G3: entries sent to a peer between connections arrive when it resumes', async (stage) => {
    const [ann, vic] = await stage.roomOf('r', 'ann', 'vic');
    await vic.drop();
    await count(ann, vic, 'r', 20);
    await ann.setState('r', 'changed');
    expect(await vic.resume()).toMatchObject({ resumed: true });
    const entries = await vic.beforeBarrier(ann, 'r');
    expect(counted(entries, ann)).toEqual(Array.from({ length: 20 }, (_, n) => n));
    expect(entries).toHaveLength(21);
    expect(entries.at(-1)).toMatchObject({ type: 'PeerChanged', ...ann.as('changed') });
  });

  story('G3: a peer that resumes repeatedly amid traffic receives each entry once', async (stage) => {
    const [ann, ben, vic] = await stage.roomOf('r', 'ann', 'ben', 'vic');
    let talking = true;
    const talk = async (from: TestPeer) => {
      let sent = 0;
      while (talking) {
        await count(from, vic, 'r', 13, sent);
        sent += 13;
        // Without a pause a memory hub would do all of this in one turn, and the reader would fall behind.
        await turn();
      }
      return sent;
    };
    const talks = [ann, ben].map(talk);
    for (let resumes = 0; resumes < 40; resumes++) {
      await vic.take(20);
      if (resumes % 3 !== 0) await vic.drop();
      expect(await vic.resume()).toMatchObject({ resumed: true });
    }
    talking = false;
    const [byAnn, byBen] = await Promise.all(talks);
    await vic.beforeBarrier(ann, 'r');
    expectIncreasing(vic.seen);
    expect(counted(vic.seen, ann)).toEqual(Array.from({ length: byAnn ?? 0 }, (_, n) => n));
    expect(counted(vic.seen, ben)).toEqual(Array.from({ length: byBen ?? 0 }, (_, n) => n));
  });

  story('G3: a peer that joins between connections is told to offer when it resumes', async (stage) => {
    const [ann, ben] = await stage.roomOf('r', 'ann', 'ben');
    const vic = await stage.peer('vic');
    await vic.drop();
    await vic.join('r');
    const { rooms } = await vic.resume();
    expect(rooms).toEqual([{ id: 'r', members: [ann.as(null), ben.as(null), vic.as(null)] }]);
    expect(await vic.take(2)).toMatchObject([
      { type: 'PeerAdded', ...ann.as(null), offer: true },
      { type: 'PeerAdded', ...ben.as(null), offer: true },
    ]);
  });

  story(
    'G3: a peer that leaves a room between connections receives the entries from before the leave only',
    async (stage) => {
      const [ann, vic] = await stage.roomOf('r', 'ann', 'vic');
      await ann.join('s');
      await vic.join('s');
      await vic.take(1);
      await vic.drop();
      await ann.broadcast('r', 'before');
      await vic.leave('r');
      await ann.broadcast('r', 'after');
      await ann.broadcast('s', 'elsewhere');
      expect(await vic.resume()).toMatchObject({ resumed: true, rooms: [{ id: 's' }] });
      const entries = await vic.beforeBarrier(ann, 's');
      expect(entries).toMatchObject([{ event: 'before' }, { event: 'elsewhere' }]);
    },
  );

  story(
    'G3: a peer that leaves and rejoins between connections receives no entries from the time between',
    async (stage) => {
      const [ann, vic] = await stage.roomOf('r', 'ann', 'vic');
      await vic.drop();
      await ann.broadcast('r', 'before');
      await vic.leave('r');
      await ann.broadcast('r', 'between');
      await vic.join('r');
      await ann.broadcast('r', 'after');
      await vic.resume();
      const entries = await vic.beforeBarrier(ann, 'r');
      expect(entries).toMatchObject([
        { event: 'before' },
        { type: 'PeerAdded', offer: true },
        { event: 'after' },
      ]);
    },
  );

  story('G3: a resume that missed no entry brings none', async (stage) => {
    const [ann, vic] = await stage.roomOf('r', 'ann', 'vic');
    const { cursor } = vic;
    await vic.drop();
    expect(await vic.resume()).toMatchObject({ cursor, resumed: true });
    expect(await vic.beforeBarrier(ann, 'r')).toEqual([]);
  });

  story('G3: two resumes from one cursor bring the same entries', async (stage) => {
    const [ann, vic] = await stage.roomOf('r', 'ann', 'vic');
    const { cursor } = vic;
    await vic.drop();
    await count(ann, vic, 'r', 7);
    await vic.resume(cursor);
    const once = await vic.take(7);
    await vic.drop();
    await vic.resume(cursor);
    expect(await vic.take(7)).toEqual(once);
    expect(await vic.beforeBarrier(ann, 'r')).toEqual([]);
  });

  story(
    'G3: a resume takes over from a stream that is still open, and no other peer notices',
    async (stage) => {
      const [ann, vic] = await stage.roomOf('r', 'ann', 'vic');
      const { cursor } = vic;
      await ann.relay('r', vic, 'first');
      await vic.take(1);
      const outcome = vic.outcome();
      await vic.resume(cursor);
      expect(await outcome).toEqual(refusal('REPLACED'));
      expect(await vic.take(1)).toMatchObject([{ event: 'first' }]);
      expect(await vic.beforeBarrier(ann, 'r')).toEqual([]);
      expect(await ann.beforeBarrier(vic, 'r')).toEqual([]);
    },
  );

  story(
    'G3: a resume after the grace period starts a new session, with resumed: false',
    async (stage) => {
      const [ann, vic] = await stage.roomOf('r', 'ann', 'vic');
      const { cursor } = vic;
      await vic.drop();
      await ann.next((e) => e.type === 'PeerRemoved');
      const connected = await vic.resume(cursor);
      expect(connected).toMatchObject({ resumed: false, rooms: [] });
      expectIncreasing([{ cursor }, connected]);
      expect(await vic.rooms()).toEqual([]);
      await expect(ann.relay('r', vic, 'hello')).rejects.toEqual(refusal('PEER_NOT_IN_ROOM'));
    },
    { graceMs: 300 },
  );

  story(
    'G3: a resume from the cursor of a receipt, which is none of the peer’s messages, brings what came after it',
    async (stage) => {
      const [ann, vic] = await stage.roomOf('r', 'ann', 'vic');
      await ann.broadcast('r', 'before');
      const { cursor } = await vic.broadcast('r', 'mine');
      await ann.broadcast('r', 'after');
      await vic.take(2);
      await vic.drop();
      expect(await vic.resume(cursor)).toMatchObject({ resumed: true, cursor, rooms: [{ id: 'r' }] });
      expect(await vic.beforeBarrier(ann, 'r')).toMatchObject([{ event: 'after' }]);
    },
  );

  story(
    'G3: a resume from a cursor that the hub never gave starts a new session, with resumed: false',
    async (stage) => {
      const [ann, vic] = await stage.roomOf('r', 'ann', 'vic');
      await vic.drop();
      expect(await vic.resume(String(2 ** 53 - 1))).toMatchObject({ resumed: false, rooms: [] });
      expect(await ann.take(1)).toMatchObject([{ type: 'PeerRemoved', reason: 'REPLACED', ...vic.as(null) }]);
    },
  );
}
