import { expect, it } from 'vitest';
import { inBatches } from '../../src/hub/redis/batches.ts';

/** How many were done at a time, one batch after the other, where each brings so much. */
async function sizes(count: number, bytes: number): Promise<number[]> {
  const begun: number[] = [];
  let underWay = 0;
  await inBatches(Array(count).keys(), 64, async (item) => {
    begun[item] = underWay;
    underWay += 1;
    await Promise.resolve();
    underWay -= 1;
    return bytes;
  });
  // The last of a batch is the one after which nobody joins those under way.
  return begun.flatMap((before, i) => (begun[i + 1] ? [] : [before + 1]));
}

it('G10: what brings little is done many at a time, after some to see', async () => {
  expect(await sizes(200, 100)).toEqual([8, 64, 64, 64]);
});

it('G10: what brings much is done a few at a time', async () => {
  expect(await sizes(20, 1024 * 1024)).toEqual([8, 4, 4, 4]);
  expect(await sizes(12, 8 * 1024 * 1024)).toEqual([8, 1, 1, 1, 1]);
});

it('ends with the first batch of which something failed', async () => {
  const begun: number[] = [];
  const work = async (item: number) => {
    begun.push(item);
    if (item === 3) throw new Error('three');
    return 0;
  };
  await expect(inBatches(Array(100).keys(), 64, work)).rejects.toThrow('three');
  expect(begun).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
});
