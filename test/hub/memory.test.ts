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

describe('MemoryHub as time goes by', () => {
  const story = storyteller(setUp);
  const keptMs = retentionMs(defaultOptions.graceMs);
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['Date', 'setInterval', 'clearInterval'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  story('G2: ids increase though the clock of the machine goes back', async (stage) => {
    const [ann, ben] = await stage.roomOf('r', 'ann', 'ben');
    for (const year of ['2031', '2001', '2030']) {
      vi.setSystemTime(new Date(`${year}-01-01T00:00:00Z`));
      await ann.broadcast('r', 'm', year);
    }
    await ben.take(3);
    expectIncreasing(ben.seen);
    const { id } = await ann.broadcast('r', 'm');
    const year2031 = Date.parse('2031-01-01T00:00:00Z') * 1000;
    expect(Number(id), 'they go on from the latest time there was').toBe(year2031 + 3);
  });

  story(
    'G3: entries are kept for the retention, then let go of, and a cursor from then begins anew',
    async (stage) => {
      const [ann, vic] = await stage.roomOf('r', 'ann', 'vic');
      const { cursor } = vic;
      await ann.relay('r', vic, 'old');
      await vic.take(1);
      vi.advanceTimersByTime(keptMs - 1);
      expect(await vic.resume(cursor)).toMatchObject({ resumed: true });
      expect(await vic.take(1)).toMatchObject([{ event: 'old' }]);

      vi.advanceTimersByTime(2 * keptMs);
      expect(await vic.resume(), 'what was seen is no loss').toMatchObject({ resumed: true });
      expect(await vic.beforeBarrier(ann, 'r')).toEqual([]);
      expect(await vic.resume(cursor)).toMatchObject({ resumed: false, rooms: [] });
    },
  );
});

describe('MemoryHub and what it holds', () => {
  const story = storyteller(setUp);
  /** Counts what is still referred to: it collects garbage first. */
  const heldRooms = () => queryObjects(MemoryRoom, { format: 'count' });

  story(
    'G8: a room that the last has left, in whatever way, is let go of',
    async (stage) => {
      const before = heldRooms();
      const [ann, ben, cat] = await stage.roomOf('shared', 'ann', 'ben', 'cat');
      for (const peer of [ann, ben, cat]) await peer.join(`of ${peer.id}`);
      expect(heldRooms()).toBe(before + 4);
      await ann.leave(`of ${ann.id}`);
      await ben.open();
      await cat.drop();
      await ann.next((e) => e.type === 'PeerRemoved' && e.reason === 'DISCONNECTED');
      expect(heldRooms(), 'ann is in the shared room').toBe(before + 1);
      await ann.leave('shared');
      expect(heldRooms()).toBe(before);
    },
    { graceMs: 100 },
  );

  it('is ready from its start to its close', async () => {
    const hub = new MemoryHub(defaultOptions);
    expect(hub.ready()).toBe(false);
    await hub.start();
    expect(hub.ready()).toBe(true);
    await hub.close();
    expect(hub.ready()).toBe(false);
  });
});
