import { expect } from 'vitest';
import { backlogBounds, bounds } from '../../../src/hub/bounds.ts';
import { isCut, type Stream } from '../../../src/hub/stream.ts';
import { patienceMs } from '../../support/arrivals.ts';
import type { TestPeer } from '../peer.ts';
import { refusal, type Story } from '../support.ts';

/** How much more than the bounds is sent: a log may be trimmed in steps. */
const margin = 200;

/** Sends many at once: their order is of no interest. */
async function send(times: number, one: () => Promise<unknown>): Promise<void> {
  for (let sent = 0; sent < times; sent += 100) {
    await Promise.all(Array.from({ length: Math.min(100, times - sent) }, one));
  }
}

async function expectAnew(vic: TestPeer, ann: TestPeer): Promise<void> {
  expect(await vic.resume()).toMatchObject({ resumed: false, rooms: [] });
  expect(await ann.next((e) => e.type === 'PeerRemoved')).toMatchObject({
    reason: 'REPLACED',
    peer: vic.as(null),
  });
}

async function expectCut(stream: Stream): Promise<void> {
  await expect.poll(() => stream.closed, { timeout: patienceMs }).toBe(true);
  await expect(stream.next()).rejects.toSatisfy(isCut);
  expect(await stream.next()).toEqual({ done: true, value: undefined });
}

/** What is held for a peer is bounded, and what is lost by that is never silent (G8, G3). */
export function boundStories(story: Story): void {
  story('G3: as many entries as are retained are all there on coming back', async (stage) => {
    const [ann, vic] = await stage.roomOf('r', 'ann', 'vic');
    await vic.drop();
    await send(bounds.entries - 1, () => ann.relay('r', vic, 'm'));
    expect(await vic.resume()).toMatchObject({ resumed: true });
    expect(await vic.beforeBarrier(ann, 'r')).toHaveLength(bounds.entries - 1);
  });

  story('G3: where more was relayed than is retained, a new session begins', async (stage) => {
    const [ann, vic] = await stage.roomOf('r', 'ann', 'vic');
    await vic.drop();
    await send(bounds.entries + margin, () => ann.relay('r', vic, 'm'));
    await expectAnew(vic, ann);
  });

  story('G3: where more was broadcast than is retained, a new session begins', async (stage) => {
    const [ann, vic] = await stage.roomOf('r', 'ann', 'vic');
    await vic.drop();
    await send(bounds.entries + margin, () => ann.broadcast('r', 'm'));
    await expectAnew(vic, ann);
  });

  story('G3: where more bytes were sent than are retained, a new session begins', async (stage) => {
    const [ann, vic] = await stage.roomOf('r', 'ann', 'vic');
    await vic.drop();
    const data = 'x'.repeat(bounds.bytes / 32);
    await send(64, () => ann.relay('r', vic, 'm', data));
    await expectAnew(vic, ann);
  });

  story('G3: what one has seen may be trimmed: it is no loss', async (stage) => {
    const [ann, vic] = await stage.roomOf('r', 'ann', 'vic');
    for (let sent = 0; sent < bounds.entries + margin; sent += 100) {
      await send(100, () => ann.relay('r', vic, 'm'));
      await vic.take(100);
    }
    await vic.drop();
    expect(await vic.resume()).toMatchObject({ resumed: true });
    expect(await vic.beforeBarrier(ann, 'r')).toEqual([]);
  });

  story('G3: what one has said oneself is not told to one, so it is no loss either', async (stage) => {
    const [ann, vic] = await stage.roomOf('r', 'ann', 'vic');
    await ann.relay('r', vic, 'm');
    await vic.take(1);
    for (let sent = 0; sent < bounds.entries + margin; sent += 100) {
      await send(100, () => vic.broadcast('r', 'm'));
      await ann.take(100);
    }
    await vic.drop();
    expect(await vic.resume()).toMatchObject({ resumed: true });
    expect(await vic.beforeBarrier(ann, 'r')).toEqual([]);
  });

  story(
    'G8: the peers of a room, with their states, take so much in all, whoever comes and goes',
    async (stage) => {
      const [ann, ben, cat] = [await stage.peer('ann'), await stage.peer('ben'), await stage.peer('cat')];
      const half = 'x'.repeat(1024);
      const tooLarge = refusal('PAYLOAD_TOO_LARGE');
      await ann.join('r', half);
      await ben.join('r');
      await expect(cat.join('r', half)).rejects.toEqual(tooLarge);
      await expect(ben.setState('r', half)).rejects.toEqual(tooLarge);
      expect((await ann.room('r'))?.peers, 'and nothing has changed').toEqual([ann.as(half), ben.as(null)]);
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
      expect((await ben.room('r'))?.peers).toEqual([ben.as(half)]);
    },
    { maxRoomBytes: 2048 },
  );

  story(
    'G8: but nobody keeps others out by being large, nor is anyone refused who becomes smaller',
    async (stage) => {
      const [ann, ben, cat] = [await stage.peer('ann'), await stage.peer('ben'), await stage.peer('cat')];
      await ann.join('r', '語'.repeat(300));
      await ben.join('r', 'x'.repeat(950));
      await expect(cat.join('r', 'x'.repeat(200)), 'what it has is counted in bytes').rejects.toEqual(
        refusal('PAYLOAD_TOO_LARGE'),
      );
      await cat.join('r', 'small');
      await ben.setState('r', 'x'.repeat(930));
      expect((await cat.room('r'))?.peers).toHaveLength(3);
    },
    { maxRoomBytes: 2048, maxPeersPerRoom: 10 },
  );

  story('G8: a stream that nobody reads is cut at its bound, and goes on without a loss', async (stage) => {
    const [ann, vic] = await stage.roomOf('r', 'ann', 'vic');
    await vic.drop();
    const { cursor } = vic;
    const stream = await stage.hubs[1].open(vic.profile, cursor);
    const times = backlogBounds.entries + 10;
    await send(times, () => ann.relay('r', vic, 'm'));
    await expectCut(stream);
    expect(await vic.resume(cursor)).toMatchObject({ resumed: true });
    expect(await vic.beforeBarrier(ann, 'r')).toHaveLength(times);
    expect(await ann.beforeBarrier(vic, 'r'), 'to the others it is a blip').toEqual([]);
  });

  story('G8: a stream with few and large entries that nobody reads is cut as well', async (stage) => {
    const [ann, vic] = await stage.roomOf('r', 'ann', 'vic');
    await vic.drop();
    const { cursor } = vic;
    const stream = await stage.hubs[0].open(vic.profile, cursor);
    const data = 'x'.repeat(backlogBounds.bytes / 16);
    await send(20, () => ann.relay('r', vic, 'm', data));
    await expectCut(stream);
    expect(await vic.resume(cursor)).toMatchObject({ resumed: true });
    expect(await vic.beforeBarrier(ann, 'r')).toHaveLength(20);
  });

  story('G8: one that does not read holds up nobody else', async (stage) => {
    const [ann, ben, vic] = await stage.roomOf('r', 'ann', 'ben', 'vic');
    await vic.drop();
    const stream = await stage.hubs[1].open(vic.profile, vic.cursor);
    for (let sent = 0; sent < backlogBounds.entries + margin; sent += 100) {
      await send(100, () => ann.broadcast('r', 'm'));
      expect(await ben.take(100)).toHaveLength(100);
    }
    await expectCut(stream);
  });

  story(
    'G8: a node with as many streams as it may hold takes no more, until one closes',
    async (stage) => {
      const [hub] = stage.hubs;
      const streams = [
        await hub.open({ id: 'a', username: 'a' }),
        await hub.open({ id: 'b', username: 'b' }),
      ];
      const cat = { id: 'cat', username: 'cat' };
      await expect(hub.open(cat)).rejects.toEqual(refusal('UNAVAILABLE'));
      await streams[0]?.return();
      streams.push(await hub.open(cat));
      await expect(hub.open({ id: 'dan', username: 'dan' })).rejects.toEqual(refusal('UNAVAILABLE'));
      for (const stream of streams) await stream.return();
    },
    { maxStreams: 2 },
  );

  story('G11: a hub that drains takes no stream, cuts those it has, and serves all else', async (stage) => {
    const [one, two] = stage.hubs;
    const [ann, ben] = await stage.roomOf('r', 'ann', 'ben');
    const drained = Promise.all([one.drain(200), two.drain(200)]);
    await expect(one.open(ann.profile, ann.cursor)).rejects.toEqual(refusal('UNAVAILABLE'));
    await drained;
    for (const peer of [ann, ben]) expect(await peer.outcome()).toSatisfy(isCut);
    expect([one.ready(), two.ready()]).toEqual([false, false]);
    expect(await ann.relay('r', ben, 'm')).toMatchObject({ status: 'QUEUED' });
  });

  story(
    'a hub that closes cuts all its streams, says that it cannot serve, and closes once',
    async (stage) => {
      const [ann, ben] = await stage.roomOf('r', 'ann', 'ben');
      for (const hub of stage.hubs) expect(hub.ready()).toBe(true);
      await ann.relay('r', ben, 'm');
      await ben.take(1);
      await Promise.all(stage.hubs.map((hub) => hub.close()));
      for (const peer of [ann, ben]) expect(await peer.outcome()).toSatisfy(isCut);
      for (const hub of stage.hubs) {
        expect(hub.ready()).toBe(false);
        await expect(hub.open(ann.profile)).rejects.toEqual(refusal('UNAVAILABLE'));
        await hub.close();
      }
      await expect(ann.broadcast('r', 'm')).rejects.toEqual(refusal('UNAVAILABLE'));
    },
  );
}
