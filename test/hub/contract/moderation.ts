import { expect } from 'vitest';
import { TestPeer } from '../peer.ts';
import { refusal, type Story } from '../support.ts';

/** What moderators do in rooms that they need not be in (G16). */
export function moderationStories(story: Story): void {
  story(
    'G16: a moderator without a session reads a room, and speaks to it and to one member of it',
    async (stage) => {
      const [ann, ben] = await stage.roomOf('r', 'ann', 'ben');
      const mod = new TestPeer(stage.hubs, 'mod');
      expect(await mod.look('r')).toEqual({ id: 'r', members: [ann.as(null), ben.as(null)] });
      const all = await mod.say('r', 'news', { n: 1 });
      const one = await mod.say('r', 'to ben', 2, ben);
      expect([all.status, one.status]).toEqual(['DELIVERED', 'DELIVERED']);
      const news = { type: 'Signal', roomId: 'r', peer: mod.peer, event: 'news', cursor: all.cursor };
      expect(await ann.take(1)).toMatchObject([news]);
      expect(await ben.take(2)).toMatchObject([news, { event: 'to ben', cursor: one.cursor }]);
      expect(await ann.beforeBarrier(ben, 'r')).toEqual([]);
      expect((await ann.room('r'))?.members, 'it is no member').toHaveLength(2);
    },
  );

  story(
    'G16: a moderator of a room that nobody is in finds nothing there, and nothing begins',
    async (stage) => {
      const mod = new TestPeer(stage.hubs, 'mod');
      expect(await mod.look('r')).toBeNull();
      expect((await mod.say('r', 'news')).status).toBe('DELIVERED');
      await expect(mod.say('r', 'news', 1, { id: 'nobody' })).rejects.toEqual(refusal('PEER_NOT_IN_ROOM'));
      expect(await mod.remove('r', { id: 'nobody' })).toEqual({ removed: false, receivers: 0 });
      expect(await mod.closeRoom('r')).toEqual({ removed: false, receivers: 0 });
      expect(await mod.look('r')).toBeNull();
      const [ann] = await stage.roomOf('r', 'ann');
      expect(ann.seen).toEqual([]);
    },
  );

  story(
    'G6: a moderator that is a member gets no echo, and is seen as the member that it is',
    async (stage) => {
      const [ann, ben] = await stage.roomOf('r', 'ann', 'ben');
      await ann.say('r', 'news');
      await ann.say('r', 'to ben', 1, ben);
      expect(await ben.take(2)).toMatchObject([
        { event: 'news', peer: ann.peer },
        { event: 'to ben', peer: ann.peer },
      ]);
      expect(await ann.beforeBarrier(ben, 'r')).toEqual([]);
      expect(await ann.look('r')).toEqual(await ann.room('r'));
    },
  );

  story('G2: signals of a moderator and of members have one order, live and in a resume', async (stage) => {
    const [ann, ben] = await stage.roomOf('r', 'ann', 'ben');
    const mod = new TestPeer(stage.hubs, 'mod');
    const send = async (i: number) => (i % 2 ? mod.say('r', `${i}`) : ann.broadcast('r', `${i}`));
    for (let i = 0; i < 5; i++) await send(i);
    await ben.take(5);
    await ben.drop();
    for (let i = 5; i < 10; i++) await send(i);
    await ben.resume();
    expect((await ben.take(5)).map((entry) => 'event' in entry && entry.event)).toEqual([
      '5',
      '6',
      '7',
      '8',
      '9',
    ]);
  });

  story(
    'a moderator’s signal is QUEUED if there are receivers and all are between connections',
    async (stage) => {
      const [ann, ben] = await stage.roomOf('r', 'ann', 'ben');
      const mod = new TestPeer(stage.hubs, 'mod');
      for (const peer of [ann, ben]) await peer.drop();
      await expect.poll(async () => (await mod.say('r', 'probe')).status, { timeout: 5000 }).toBe('QUEUED');
      expect((await mod.say('r', 'probe', 1, ann)).status).toBe('QUEUED');
      await ann.resume();
      expect((await mod.say('r', 'probe')).status).toBe('DELIVERED');
      await ben.resume();
    },
  );

  story('G14: a moderator without a session that repeats a key sends once', async (stage) => {
    const [ann, ben] = await stage.roomOf('r', 'ann', 'ben');
    const mod = new TestPeer(stage.hubs, 'mod');
    const first = await mod.say('r', 'news', 1, undefined, 'k');
    expect(await mod.say('r', 'news', 1, undefined, 'k')).toEqual(first);
    expect(await mod.say('r', 'news', 1, ben, 'k')).toEqual(first);
    expect(await ann.beforeBarrier(ben, 'r')).toMatchObject([{ event: 'news' }]);
  });

  story(
    'G14: the keys of a moderator without a session are forgotten after the grace period',
    async (stage) => {
      const [ann] = await stage.roomOf('r', 'ann');
      const mod = new TestPeer(stage.hubs, 'mod');
      const first = await mod.say('r', 'news', 1, undefined, 'k');
      await expect
        .poll(async () => (await mod.say('r', 'news', 1, undefined, 'k')).cursor, {
          timeout: 8000,
          interval: 1500,
        })
        .not.toBe(first.cursor);
      expect(await ann.take(2)).toMatchObject([{ event: 'news', cursor: first.cursor }, { event: 'news' }]);
    },
    { graceMs: 1000 },
  );
}
