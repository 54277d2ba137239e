import { expect, it } from 'vitest';
import { inBatches } from '../../src/hub/redis/streams/batches.ts';

/** Runs `count` items that bring `bytes` each, and returns the size of each batch. */
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
  // An item that begins with no other under way opens a batch, so the item before it is the last of its batch.
  return begun.flatMap((before, i) => (begun[i + 1] ? [] : [before + 1]));
}

it('G10: items that bring few bytes run in full batches, after a small first batch', async () => {
  expect(await sizes(200, 100)).toEqual([8, 64, 64, 64]);
});

it('G10: items that bring many bytes run in small batches', async () => {
  expect(await sizes(20, 1024 * 1024)).toEqual([8, 4, 4, 4]);
  expect(await sizes(12, 8 * 1024 * 1024)).toEqual([8, 1, 1, 1, 1]);
});

it('an item that fails ends the run after its batch, with its error', async () => {
  const begun: number[] = [];
  const work = async (item: number) => {
    begun.push(item);
    if (item === 3) throw new Error('three');
    return 0;
  };
  await expect(inBatches(Array(100).keys(), 64, work)).rejects.toThrow('three');
  expect(begun).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
});
