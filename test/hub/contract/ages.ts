import { expect } from 'vitest';
import { isCut } from '../../../src/hub/stream.ts';
import { isSignal, type Story } from '../support.ts';

const maxStreamMs = 4000;

/** Old streams are cut, one after another, and their peers resume (G3). */
export function ageStories(story: Story): void {
  story(
    'G3, G4: an old stream is cut, its peer resumes without loss, and the others see no removal',
    async (stage) => {
      const [ann, ben] = await stage.roomOf('r', 'ann', 'ben');
      expect(await ann.outcome()).toSatisfy(isCut);
      const missed = await ben.relay('r', ann, 'missed');
      expect(await ann.resume()).toMatchObject({ resumed: true });
      const live = await ben.relay('r', ann, 'live');
      expect((await ann.take(2)).map(({ cursor }) => cursor)).toEqual([missed.cursor, live.cursor]);
      expect(await ben.resume()).toMatchObject({ resumed: true });
      expect((await ben.beforeBarrier(ann, 'r')).filter((entry) => !isSignal(entry))).toEqual([]);
    },
    { maxStreamMs },
  );

  story(
    'streams that opened together are cut one after another, none before half of the greatest age',
    async (stage) => {
      const lives: number[] = [];
      const openedAt = performance.now();
      const peers = await Promise.all(Array.from({ length: 30 }, () => stage.peer()));
      const allOpenAt = performance.now();
      await Promise.all(
        peers.map(async (peer) => {
          expect(await peer.outcome()).toSatisfy(isCut);
          lives.push(performance.now() - openedAt);
        }),
      );
      expect(Math.min(...lives)).toBeGreaterThan(maxStreamMs / 2);
      const spread = Math.max(...lives) - Math.min(...lives);
      expect(spread, 'as long as several beats').toBeGreaterThan(maxStreamMs / 5 + allOpenAt - openedAt);
    },
    { maxStreamMs },
  );
}
