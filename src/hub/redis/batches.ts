/**
 * Does the work for each, so many at a time, so that what others ask of Redis comes in between. Ends with the
 * first batch of which something failed, and rejects with its reason.
 */
export async function inBatches<Item>(
  items: Iterable<Item>,
  size: number,
  work: (item: Item) => Promise<unknown>,
): Promise<void> {
  const left = items[Symbol.iterator]();
  for (;;) {
    const batch: Promise<unknown>[] = [];
    while (batch.length < size) {
      const step = left.next();
      if (step.done) break;
      batch.push(work(step.value));
    }
    if (batch.length === 0) return;
    // All are waited for: what follows is not to begin while some are under way.
    for (const outcome of await Promise.allSettled(batch)) {
      if (outcome.status === 'rejected') throw outcome.reason;
    }
  }
}
