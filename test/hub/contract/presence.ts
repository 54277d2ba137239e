import { expect } from 'vitest';
import type { Entry } from '../../../src/hub/hub.ts';
import { patienceMs } from '../../support/arrivals.ts';
import type { TestPeer } from '../peer.ts';
import { expectIncreasing, refusal, type Story } from '../support.ts';

const shortGrace = { graceMs: 400 };

function removalOf(peer: TestPeer): (entry: Entry) => boolean {
  return (entry) => entry.type === 'PeerRemoved' && entry.peer.id === peer.id;
}

/** When the others hear that a peer is gone (G4), and which of two sessions lives (G5). */
export function presenceStories(story: Story): void {
  story('G4: a peer that resumes within its grace period is not announced as removed', async (stage) => {
    const [ann, ben, vic] = await stage.roomOf('r', 'ann', 'ben', 'vic');
    for (let blip = 0; blip < 3; blip++) {
      await vic.drop();
      await vic.resume();
    }
    for (const peer of [ann, ben]) expect(await peer.beforeBarrier(vic, 'r')).toEqual([]);
    expect((await ann.room('r'))?.members).toHaveLength(3);
  });

  story('G4: a peer that leaves a room is announced at once', async (stage) => {
    const [ann, ben, vic] = await stage.roomOf('r', 'ann', 'ben', 'vic');
    await vic.leave('r');
    const gone = { type: 'PeerRemoved', roomId: 'r', reason: 'LEFT', ...vic.as(null) };
    const [entry] = await ann.take(1);
    expect(entry).toMatchObject(gone);
    expect(await ben.take(1)).toEqual([entry]);
  });

  story(
    'G4: a peer that stays away past its grace period is announced once in each of its rooms',
    async (stage) => {
      const [ann, ben, vic] = await stage.roomOf('r', 'ann', 'ben', 'vic');
      await ann.join('s');
      await vic.join('s', 'in s');
      await ann.next((e) => e.roomId === 's');
      await vic.drop();
      const gone = { type: 'PeerRemoved', reason: 'DISCONNECTED' };
      expect(await ben.take(1)).toMatchObject([{ ...gone, roomId: 'r', ...vic.as(null) }]);
      const both = await ann.take(2);
      expect(both.toSorted((a, b) => a.roomId.localeCompare(b.roomId))).toMatchObject([
        { ...gone, roomId: 'r', ...vic.as(null) },
        { ...gone, roomId: 's', ...vic.as('in s') },
      ]);
      // A second removal of vic would arrive before the removal of a peer that goes later.
      const late = await stage.peer('late');
      await late.join('r');
      await late.drop();
      await ann.next(removalOf(late));
      expect(ann.seen.filter(removalOf(vic))).toHaveLength(2);
      expect((await ann.room('r'))?.members).toEqual([ann.as(null), ben.as(null)]);
      await expect(vic.join('r')).rejects.toEqual(refusal('NOT_CONNECTED'));
    },
    shortGrace,
  );

  story(
    'G4: the grace period of a peer ends when it resumes',
    async (stage) => {
      const [ann, vic] = await stage.roomOf('r', 'ann', 'vic');
      const late = await stage.peer('late');
      await late.join('r');
      await vic.drop();
      expect(await vic.resume()).toMatchObject({ resumed: true });
      await late.drop();
      // If vic's grace period still ran, it would end before that of `late`.
      await ann.next(removalOf(late));
      expect(ann.seen.filter(removalOf(vic))).toEqual([]);
      expect(await vic.beforeBarrier(ann, 'r')).toMatchObject([
        { type: 'PeerAdded' },
        { type: 'PeerRemoved', reason: 'DISCONNECTED', ...late.as(null) },
      ]);
    },
    shortGrace,
  );

  story(
    'G4: a room is empty after its only member stayed away past the grace period',
    async (stage) => {
      const [vic] = await stage.roomOf('r', 'vic');
      const [ann] = await stage.roomOf('watch', 'ann');
      await vic.join('watch');
      await vic.drop();
      await ann.next(removalOf(vic));
      expect(await ann.join('r')).toEqual({ id: 'r', members: [ann.as(null)] });
    },
    shortGrace,
  );

  story(
    'G5: opening without a cursor ends the older session, and tells its rooms and its stream',
    async (stage) => {
      const [ann, vic] = await stage.roomOf('r', 'ann', 'vic');
      await ann.relay('r', vic, 'last words');
      const outcome = vic.outcome();
      const { cursor } = vic;
      const connected = await vic.open();
      expect(connected).toMatchObject({ peer: vic.peer, resumed: false, rooms: [] });
      expectIncreasing([{ cursor }, connected]);
      expect(await outcome).toEqual(refusal('REPLACED'));
      expect(await vic.take(1)).toMatchObject([{ event: 'last words' }]);
      expect(await ann.take(1)).toMatchObject([
        { type: 'PeerRemoved', roomId: 'r', reason: 'REPLACED', ...vic.as(null) },
      ]);
      expect(await vic.rooms()).toEqual([]);
      await vic.join('r');
      expect(await ann.take(1)).toMatchObject([{ type: 'PeerAdded', offer: false, ...vic.as(null) }]);
    },
  );

  story('G5: a replaced stream delivers its queued entries before it ends', async (stage) => {
    const [ann, vic] = await stage.roomOf('r', 'ann', 'vic');
    await vic.drop();
    const [home] = stage.hubs;
    const stream = await home.open(vic.peer, vic.cursor);
    await ann.relay('r', vic, 'one');
    await ann.relay('r', vic, 'two');
    await vic.open();
    await expect.poll(() => stream.closed, { timeout: patienceMs }).toBe(true);
    const got: unknown[] = [];
    const reading = (async () => {
      for await (const message of stream) got.push(message.type === 'Signal' ? message.event : message.type);
    })();
    await expect(reading).rejects.toEqual(refusal('REPLACED'));
    expect(got).toEqual(['Connected', 'one', 'two']);
  });

  story('G5: a cursor of a replaced session is refused with REPLACED', async (stage) => {
    const [ann, vic] = await stage.roomOf('r', 'ann', 'vic');
    const old = vic.cursor;
    await vic.open();
    await vic.join('r');
    await ann.beforeBarrier(vic, 'r');
    for (const hub of stage.hubs) {
      await expect(hub.open(vic.peer, old)).rejects.toEqual(refusal('REPLACED'));
      await expect(hub.open(vic.peer, '1')).rejects.toEqual(refusal('REPLACED'));
    }
    expect(await ann.beforeBarrier(vic, 'r'), 'the newer session is undisturbed').toEqual([]);
    await vic.beforeBarrier(ann, 'r');
    expect((await vic.rooms()).map((room) => room.id)).toEqual(['r']);
  });

  story(
    'G5: a client that lost the answer to an opening that started a session may repeat it',
    async (stage) => {
      const vic = await stage.peer('vic');
      const { cursor } = vic;
      await vic.drop();
      // No session can resume from this cursor, so each opening starts a new one.
      const future = String(2 ** 53 - 1);
      for (let attempt = 0; attempt < 3; attempt++) {
        expect(await vic.open(future)).toMatchObject({ resumed: false, rooms: [] });
      }
      await expect(vic.open(cursor)).rejects.toEqual(refusal('REPLACED'));
    },
  );

  story(
    'G5: a client that lost the answer to an opening after its session ended may repeat it',
    async (stage) => {
      const [ann, vic] = await stage.roomOf('r', 'ann', 'vic');
      const { cursor } = vic;
      await vic.drop();
      await ann.next(removalOf(vic));
      const first = await vic.open(cursor);
      expect(first).toMatchObject({ resumed: false });
      const outcome = vic.outcome();
      const second = await vic.open(cursor);
      expect(second).toMatchObject({ resumed: false });
      expect(await outcome).toEqual(refusal('REPLACED'));
      await vic.drop();
      await expect(vic.open(first.cursor), 'the first session has been replaced').rejects.toEqual(
        refusal('REPLACED'),
      );
      expect(await vic.open(second.cursor)).toMatchObject({ resumed: true });
    },
    shortGrace,
  );
}
