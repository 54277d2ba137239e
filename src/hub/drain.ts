import { setTimeout } from 'node:timers/promises';

/** Messages of `UNAVAILABLE`, if this node refuses a stream that another node may take. */
export const draining =
  'This node is shutting down. Open `messages` again from your last cursor, and another node will answer.';
export const tooManyStreams =
  'This node already holds its maximum number of streams (MAX_STREAMS). Try again in a moment.';

/** Does the work for each item, spread evenly over this many milliseconds. */
export async function spread<Item>(
  items: readonly Item[],
  overMs: number,
  work: (item: Item) => void,
): Promise<void> {
  const start = performance.now();
  for (const [i, item] of items.entries()) {
    const waitMs = (overMs * i) / items.length - (performance.now() - start);
    // Items that are already due need no timer: each timer waits at least 1 ms.
    if (waitMs > 0) await setTimeout(waitMs);
    work(item);
  }
}
