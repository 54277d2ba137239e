import { queryObjects } from 'node:v8';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { retentionMs } from '../../src/hub/bounds.ts';
import { MemoryHub } from '../../src/hub/memory/hub.ts';
import { MemoryRoom } from '../../src/hub/memory/room.ts';
import { describeHub } from './contract.ts';
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

  it('MemoryHub is ready from start to close', async () => {
    const hub = new MemoryHub(defaultOptions);
    expect(hub.ready()).toBe(false);
    await hub.start();
    expect(hub.ready()).toBe(true);
    await hub.close();
    expect(hub.ready()).toBe(false);
  });
});
