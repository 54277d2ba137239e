/** About how many bytes one batch may bring, so that beats and calls come in between. */
const batchBytes = 4 * 1024 * 1024;
/** The size of the first batch, which shows how many bytes each item brings. */
const firstSize = 8;

/**
 * Does the work for each item, in batches of at most `maxSize`, so that other commands reach Redis in between. Batches
 * are smaller if items bring many bytes. `work` resolves to that number of bytes. If an item fails, its batch is the
 * last one, and this rejects with the item's error.
 */
export async function inBatches<Item>(
  items: Iterable<Item>,
  maxSize: number,
  work: (item: Item) => Promise<number>,
): Promise<void> {
  const left = items[Symbol.iterator]();
  for (let size = Math.min(firstSize, maxSize); ; ) {
    const batch: Promise<number>[] = [];
    while (batch.length < size) {
      const step = left.next();
      if (step.done) break;
      batch.push(work(step.value));
    }
    if (batch.length === 0) return;
    let bytes = 0;
    // Wait for all: the caller may begin again, and must not do so while items are under way.
    for (const outcome of await Promise.allSettled(batch)) {
      if (outcome.status === 'rejected') throw outcome.reason;
      bytes += outcome.value;
    }
    const fitting = Math.floor((batchBytes * batch.length) / Math.max(bytes, 1));
    size = Math.min(Math.max(fitting, 1), maxSize);
  }
}
