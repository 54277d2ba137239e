/** How long a test waits for an expected event before it fails, in milliseconds. */
export const patienceMs = 20_000;

/** Waits for the promise. Fails after `patienceMs`, with the text that `describe` returns then. */
export async function patiently<Value>(promise: Promise<Value>, describe: () => string): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(describe())), patienceMs);
  });
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    clearTimeout(timer);
  }
}

/** Items in the order of their arrival. A test takes them one after the other, and waits for the next. */
export class Arrivals<Item> {
  readonly all: Item[] = [];
  readonly #owner: string;
  #taken = 0;
  #news = Promise.withResolvers<void>();

  constructor(owner: string) {
    this.#owner = owner;
  }

  push(item: Item): void {
    this.all.push(item);
    this.#news.resolve();
    this.#news = Promise.withResolvers();
  }

  /**
   * Takes the next item that fits, and all items before it. Fails after `patienceMs`; the message names `what` and
   * shows the items that arrived instead.
   */
  async until(
    fits: (item: Item) => boolean,
    what = 'an item that fits',
  ): Promise<{ found: Item; before: Item[] }> {
    for (let index = this.#taken; ; index++) {
      if (index === this.all.length) await patiently(this.#news.promise, () => this.soFar(what));
      const found = this.all[index] as Item;
      if (!fits(found)) continue;
      const before = this.all.slice(this.#taken, index);
      this.#taken = index + 1;
      return { found, before };
    }
  }

  /** Takes the next item that fits. Skips the others. */
  async next(fits: (item: Item) => boolean = () => true, what?: string): Promise<Item> {
    return (await this.until(fits, what)).found;
  }

  /** Takes the next `count` items. */
  async take(count: number): Promise<Item[]> {
    let left = count;
    if (left === 0) return [];
    const { found, before } = await this.until(() => --left === 0, `${count} items`);
    return [...before, found];
  }

  /** The message of a failed wait: `what` was expected, and the items that arrived instead. */
  soFar(what: string): string {
    const pending = this.all.slice(this.#taken).map((item) => JSON.stringify(item).slice(0, 200));
    const last = pending.slice(-20).join('\n') || '(none)';
    return `${this.#owner}: ${what} did not arrive in time. Arrived and not taken (${pending.length}):\n${last}`;
  }
}
