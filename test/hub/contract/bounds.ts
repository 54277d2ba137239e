import { expect } from 'vitest';
import { backlogBounds, logBounds } from '../../../src/hub/bounds.ts';
import { isCut, type Stream } from '../../../src/hub/stream.ts';
import { patienceMs } from '../../support/arrivals.ts';
import type { TestPeer } from '../peer.ts';
import { refusal, type Story } from '../support.ts';

/** How many entries past the bound these stories send: a log may be trimmed in steps. */
const margin = 200;

/** Sends concurrently, 100 calls at a time. The entries come in no particular order. */
async function sendMany(times: number, send: () => Promise<unknown>): Promise<void> {
  for (let sent = 0; sent < times; sent += 100) {
    await Promise.all(Array.from({ length: Math.min(100, times - sent) }, send));
  }
}

async function expectNewSession(vic: TestPeer, ann: TestPeer): Promise<void> {
  expect(await vic.resume()).toMatchObject({ resumed: false, rooms: [] });
  expect(await ann.next((e) => e.type === 'PeerRemoved')).toMatchObject({
    reason: 'REPLACED',
    ...vic.as(null),
  });
}

async function expectCut(stream: Stream): Promise<void> {
  await expect.poll(() => stream.closed, { timeout: patienceMs }).toBe(true);
  await expect(stream.next()).rejects.toSatisfy(isCut);
  expect(await stream.next()).toEqual({ done: true, value: undefined });
}

/** Everything that a hub keeps for a peer is bounded (G8), and a loss is never silent (G3). */
export function boundStories(story: Story): void {
  story('G3: a resume after a full log of relays brings every entry', async (stage) => {
    const [ann, vic] = await stage.roomOf('r', 'ann', 'vic');
    await vic.drop();
    await sendMany(logBounds.maxEntries - 1, () => ann.relay('r', vic, 'm'));
    expect(await vic.resume()).toMatchObject({ resumed: true });
    expect(await vic.beforeBarrier(ann, 'r')).toHaveLength(logBounds.maxEntries - 1);
  });

  story('G3: a resume after more relays than a log keeps starts a new session', async (stage) => {
    const [ann, vic] = await stage.roomOf('r', 'ann', 'vic');
    await vic.drop();
    await sendMany(logBounds.maxEntries + margin, () => ann.relay('r', vic, 'm'));
    await expectNewSession(vic, ann);
  });

  story('G3: a resume after more broadcasts than a log keeps starts a new session', async (stage) => {
    const [ann, vic] = await stage.roomOf('r', 'ann', 'vic');
    await vic.drop();
    await sendMany(logBounds.maxEntries + margin, () => ann.broadcast('r', 'm'));
    await expectNewSession(vic, ann);
  });

  story('G3: a resume after more bytes than a log keeps starts a new session', async (stage) => {
    const [ann, vic] = await stage.roomOf('r', 'ann', 'vic');
    await vic.drop();
    const data = 'x'.repeat(logBounds.maxBytes / 32);
    await sendMany(64, () => ann.relay('r', vic, 'm', data));
    await expectNewSession(vic, ann);
  });

  story(
    'G3: a resume continues the session if the log lost only entries that the peer has received',
    async (stage) => {
      const [ann, vic] = await stage.roomOf('r', 'ann', 'vic');
      for (let sent = 0; sent < logBounds.maxEntries + margin; sent += 100) {
        await sendMany(100, () => ann.relay('r', vic, 'm'));
        await vic.take(100);
      }
      await vic.drop();
      expect(await vic.resume()).toMatchObject({ resumed: true });
      expect(await vic.beforeBarrier(ann, 'r')).toEqual([]);
    },
  );

  story(
    'G3: a resume continues the session if the log lost only entries that the peer has sent',
    async (stage) => {
      const [ann, vic] = await stage.roomOf('r', 'ann', 'vic');
      await ann.relay('r', vic, 'm');
      await vic.take(1);
      for (let sent = 0; sent < logBounds.maxEntries + margin; sent += 100) {
        await sendMany(100, () => vic.broadcast('r', 'm'));
        await ann.take(100);
      }
      await vic.drop();
      expect(await vic.resume()).toMatchObject({ resumed: true });
      expect(await vic.beforeBarrier(ann, 'r')).toEqual([]);
    },
  );

  story(
    'G8: the members of a room, with their states, stay within its bytes through joins, leaves and changes',
    async (stage) => {
      const [ann, ben, cat] = [await stage.peer('ann'), await stage.peer('ben'), await stage.peer('cat')];
      const half = 'x'.repeat(1024);
      const tooLarge = refusal('PAYLOAD_TOO_LARGE');
      await ann.join('r', half);
      await ben.join('r');
      await expect(cat.join('r', half)).rejects.toEqual(tooLarge);
      await expect(ben.setState('r', half)).rejects.toEqual(tooLarge);
      expect((await ann.room('r'))?.members, 'the refused calls changed nothing').toEqual([
        ann.as(half),
        ben.as(null),
      ]);
      await cat.join('r');
      await ann.setState('r', null);
      await ben.setState('r', half);
      await ann.setState('r', 'small');
      await expect(ann.setState('r', half)).rejects.toEqual(tooLarge);
      await ben.leave('r');
      await ann.setState('r', half);
      await ann.open();
      await cat.setState('r', half);
      await cat.leave('r');
      await ben.join('r', half);
      expect((await ben.room('r'))?.members).toEqual([ben.as(half)]);
    },
    { maxRoomBytes: 2048 },
  );

  story(
    'G8: a room full of large members still accepts a small member, and a member that shrinks',
    async (stage) => {
      const [ann, ben, cat] = [await stage.peer('ann'), await stage.peer('ben'), await stage.peer('cat')];
      await ann.join('r', '語'.repeat(300));
      await ben.join('r', 'x'.repeat(900));
      await expect(cat.join('r', 'x'.repeat(200)), 'states count in bytes, not characters').rejects.toEqual(
        refusal('PAYLOAD_TOO_LARGE'),
      );
      await cat.join('r', 'small');
      await ben.setState('r', 'x'.repeat(880));
      expect((await cat.room('r'))?.members).toHaveLength(3);
    },
    { maxRoomBytes: 2048, maxPeersPerRoom: 10 },
  );

  story(
    'G8: an unread stream is cut at the bound of entries, and a resume brings all of them',
    async (stage) => {
      const [ann, vic] = await stage.roomOf('r', 'ann', 'vic');
      await vic.drop();
      const { cursor } = vic;
      const stream = await stage.hubs[1].open(vic.peer, cursor);
      const times = backlogBounds.maxEntries + 10;
      await sendMany(times, () => ann.relay('r', vic, 'm'));
      await expectCut(stream);
      expect(await vic.resume(cursor)).toMatchObject({ resumed: true });
      expect(await vic.beforeBarrier(ann, 'r')).toHaveLength(times);
      expect(await ann.beforeBarrier(vic, 'r'), 'the others see no removal').toEqual([]);
    },
  );

  story(
    'G8: an unread stream is cut at the bound of bytes, and a resume brings all its entries',
    async (stage) => {
      const [ann, vic] = await stage.roomOf('r', 'ann', 'vic');
      await vic.drop();
      const { cursor } = vic;
      const stream = await stage.hubs[0].open(vic.peer, cursor);
      const data = 'x'.repeat(backlogBounds.maxBytes / 16);
      await sendMany(20, () => ann.relay('r', vic, 'm', data));
      await expectCut(stream);
      expect(await vic.resume(cursor)).toMatchObject({ resumed: true });
      expect(await vic.beforeBarrier(ann, 'r')).toHaveLength(20);
    },
  );

  story('G8: an unread stream does not delay other members of the room', async (stage) => {
    const [ann, ben, vic] = await stage.roomOf('r', 'ann', 'ben', 'vic');
    await vic.drop();
    const stream = await stage.hubs[1].open(vic.peer, vic.cursor);
    for (let sent = 0; sent < backlogBounds.maxEntries + margin; sent += 100) {
      await sendMany(100, () => ann.broadcast('r', 'm'));
      expect(await ben.take(100)).toHaveLength(100);
    }
    await expectCut(stream);
  });

  story(
    'G8: a hub that holds its maximum of streams refuses another until one closes',
    async (stage) => {
      const [hub] = stage.hubs;
      const streams = [
        await hub.open({ id: 'a', username: 'a', guest: false }),
        await hub.open({ id: 'b', username: 'b', guest: false }),
      ];
      const cat = { id: 'cat', username: 'cat', guest: false };
      await expect(hub.open(cat)).rejects.toEqual(refusal('UNAVAILABLE'));
      await streams[0]?.return();
      streams.push(await hub.open(cat));
      await expect(hub.open({ id: 'dan', username: 'dan', guest: false })).rejects.toEqual(
        refusal('UNAVAILABLE'),
      );
      for (const stream of streams) await stream.return();
    },
    { maxStreams: 2 },
  );

  story(
    'G11: a draining hub refuses new streams, cuts the open ones and still answers calls',
    async (stage) => {
      const [one, two] = stage.hubs;
      const [ann, ben] = await stage.roomOf('r', 'ann', 'ben');
      const drained = Promise.all([one.drain(200), two.drain(200)]);
      await expect(one.open(ann.peer, ann.cursor)).rejects.toEqual(refusal('UNAVAILABLE'));
      await drained;
      for (const peer of [ann, ben]) expect(await peer.outcome()).toSatisfy(isCut);
      expect([one.ready(), two.ready()]).toEqual([false, false]);
      expect(await ann.relay('r', ben, 'm')).toMatchObject({ status: 'QUEUED' });
    },
  );

  story(
    'a closed hub has cut all its streams, is not ready, refuses calls and can be closed again',
    async (stage) => {
      const [ann, ben] = await stage.roomOf('r', 'ann', 'ben');
      for (const hub of stage.hubs) expect(hub.ready()).toBe(true);
      await ann.relay('r', ben, 'm');
      await ben.take(1);
      await Promise.all(stage.hubs.map((hub) => hub.close()));
      for (const peer of [ann, ben]) expect(await peer.outcome()).toSatisfy(isCut);
      for (const hub of stage.hubs) {
        expect(hub.ready()).toBe(false);
        await expect(hub.open(ann.peer)).rejects.toEqual(refusal('UNAVAILABLE'));
        await hub.close();
      }
      await expect(ann.broadcast('r', 'm')).rejects.toEqual(refusal('UNAVAILABLE'));
    },
  );
}
