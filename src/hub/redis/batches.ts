/** So much may be brought at a time, in bytes: beats and calls are to come in between. */
const batchBytes = 4 * 1024 * 1024;
/** So many are begun with, before it is known how much each brings. */
const first = 8;

/**
 * Does the work for each, some at a time, so that what others ask of Redis comes in between: `most` at the most, and
 * fewer where they bring much. `work` resolves to how many bytes that was. Ends with the first batch of which
 * something failed, and rejects with its reason.
 */
export async function inBatches<Item>(
  items: Iterable<Item>,
  most: number,
  work: (item: Item) => Promise<number>,
): Promise<void> {
  const left = items[Symbol.iterator]();
  for (let size = Math.min(first, most); ; ) {
    const batch: Promise<number>[] = [];
    while (batch.length < size) {
      const step = left.next();
      if (step.done) break;
      batch.push(work(step.value));
    }
    if (batch.length === 0) return;
    let bytes = 0;
    // All are waited for: what follows is not to begin while some are under way.
    for (const outcome of await Promise.allSettled(batch)) {
      if (outcome.status === 'rejected') throw outcome.reason;
      bytes += outcome.value;
    }
    const fitting = Math.floor((batchBytes * batch.length) / Math.max(bytes, 1));
    size = Math.min(Math.max(fitting, 1), most);
  }
}
