import { queryObjects } from 'node:v8';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { retentionMs } from '../../src/hub/bounds.ts';
import type { Connected } from '../../src/hub/hub.ts';
import { MemoryHub } from '../../src/hub/memory/hub.ts';
import { MemoryRoom } from '../../src/hub/memory/room.ts';
import { describeHub } from './contract.ts';
import { payload } from './peer.ts';
import { defaultOptions, expectIncreasing, type SetUp, storyteller } from './support.ts';

const setUp: SetUp = async (options) => {
  const hub = new MemoryHub({ ...defaultOptions, ...options });
  await hub.start();
  return { hubs: [hub, hub], cleanup: () => hub.close() };
};

describeHub('MemoryHub', setUp);

describe('MemoryHub, over time', () => {
  const story = storyteller(setUp);
  const keptMs = retentionMs(defaultOptions.graceMs);
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['Date', 'setInterval', 'clearInterval'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  story('G2: cursors increase even if the clock of the machine goes back', async (stage) => {
    const [ann, ben] = await stage.roomOf('r', 'ann', 'ben');
    for (const year of ['2031', '2001', '2030']) {
      vi.setSystemTime(new Date(`${year}-01-01T00:00:00Z`));
      await ann.broadcast('r', 'm', year);
    }
    await ben.take(3);
    expectIncreasing(ben.seen);
    const { cursor: latest } = await ann.broadcast('r', 'm');
    const year2031 = Date.parse('2031-01-01T00:00:00Z') * 1000;
    expect(Number(latest), 'cursors continue from the latest time seen').toBe(year2031 + 3);
  });

  story(
    'G3: entries are dropped after the retention time, and a cursor from before them starts a new session',
    async (stage) => {
      const [ann, vic] = await stage.roomOf('r', 'ann', 'vic');
      const { cursor } = vic;
      await ann.relay('r', vic, 'old');
      await vic.take(1);
      vi.advanceTimersByTime(keptMs - 1);
      expect(await vic.resume(cursor)).toMatchObject({ resumed: true });
      expect(await vic.take(1)).toMatchObject([{ event: 'old' }]);

      vi.advanceTimersByTime(2 * keptMs);
      expect(await vic.resume(), 'the peer has already received the dropped entries').toMatchObject({
        resumed: true,
      });
      expect(await vic.beforeBarrier(ann, 'r')).toEqual([]);
      expect(await vic.resume(cursor)).toMatchObject({ resumed: false, rooms: [] });
    },
  );
});

describe('MemoryHub, its memory and its life', () => {
  const story = storyteller(setUp);
  /** Counts the rooms that are still referenced. `queryObjects` collects garbage first. */
  const heldRooms = () => queryObjects(MemoryRoom, { format: 'count' });

  story(
    'G8: a room is released when its last member is gone, by leaving, replacement or disconnection',
    async (stage) => {
      const before = heldRooms();
      const [ann, ben, cat] = await stage.roomOf('shared', 'ann', 'ben', 'cat');
      for (const peer of [ann, ben, cat]) await peer.join(`of ${peer.id}`);
      expect(heldRooms()).toBe(before + 4);
      await ann.leave(`of ${ann.id}`);
      await ben.open();
      await cat.drop();
      await ann.next((e) => e.type === 'PeerRemoved' && e.reason === 'DISCONNECTED');
      expect(heldRooms(), 'ann is still in the shared room').toBe(before + 1);
      await ann.leave('shared');
      expect(heldRooms()).toBe(before);
    },
    { graceMs: 100 },
  );

  story(
    'G8: sessions without a stream are bounded: the one that has been absent for longest ends',
    async ({ hubs: [hub], roomOf }) => {
      const [ann, ben] = await roomOf('r', 'ann', 'ben');
      await ben.drop();
      const guest = (id: string) => ({ id, username: id, guest: true });
      for (const id of ['c', 'd']) await (await hub.open(guest(id))).return();
      expect(ann.seen, 'four sessions are twice the streams').not.toContainEqual(
        expect.objectContaining({ type: 'PeerRemoved' }),
      );
      await (await hub.open(guest('e'))).return();
      expect(await ann.next((e) => e.type === 'PeerRemoved')).toMatchObject({
        peer: ben.peer,
        reason: 'DISCONNECTED',
      });
      await expect(hub.open(ann.peer, ann.cursor).then((stream) => stream.next())).resolves.toMatchObject({
        value: { resumed: true },
      });
    },
    { maxStreams: 2 },
  );

  it('G8: all inboxes together are bounded: the largest lose their oldest entries, and the others lose none', async () => {
    const maxBytes = 1024 * 1024;
    const hub = new MemoryHub(defaultOptions, maxBytes);
    await hub.start();
    const open = async (id: string, after?: string) => {
      const stream = await hub.open({ id, username: id, guest: true }, after);
      const { value } = await stream.next();
      await stream.return();
      return value as Connected;
    };
    const ids = ['a', 'b', 'c', 'd'];
    for (const id of ['sender', 'small', ...ids]) {
      await open(id);
      await hub.joinRoom(id, 'r', payload(null));
    }
    const { cursor } = await hub.broadcast('sender', 'r', 'm', payload(1));
    const before = process.memoryUsage().heapUsed;
    for (let i = 0; i < 200; i++) {
      for (const id of ids) await hub.relay('sender', 'r', id, 'm', payload(`${i} ${'x'.repeat(32 * 1024)}`));
    }
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(16 * maxBytes);
    for (const id of ids) expect(await open(id, cursor), id).toMatchObject({ resumed: false });
    expect(await open('small', cursor)).toMatchObject({ resumed: true });
    await hub.close();
  });

  it('MemoryHub is ready from start to close', async () => {
    const hub = new MemoryHub(defaultOptions);
    expect(hub.ready()).toBe(false);
    await hub.start();
    expect(hub.ready()).toBe(true);
    await hub.close();
    expect(hub.ready()).toBe(false);
  });
});
