import { setTimeout } from 'node:timers/promises';

/** Why a node takes no new stream, for the client to read: another node may. */
export const goingDown =
  'This server is going down: open `messages` again, after your last id, and another will answer.';
export const fullOfStreams =
  'This server holds as many streams as it may (MAX_STREAMS). Try again in a moment.';

/** Does the work for each, evenly over so many milliseconds. */
export async function spread<Item>(
  items: readonly Item[],
  overMs: number,
  work: (item: Item) => void,
): Promise<void> {
  const begun = performance.now();
  for (const [i, item] of items.entries()) {
    const early = (overMs * i) / items.length - (performance.now() - begun);
    // Several that are due within one tick of a timer go together.
    if (early > 0) await setTimeout(early);
    work(item);
  }
}
