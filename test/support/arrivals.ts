/** How long a test waits for something that must come, before it fails. */
export const patienceMs = 20_000;

/** Waits for the promise, or fails with what `pending` says about it. */
export async function patiently<Value>(promise: Promise<Value>, pending: () => string): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const impatience = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(pending())), patienceMs);
  });
  try {
    return await Promise.race([promise, impatience]);
  } finally {
    clearTimeout(timer);
  }
}

/** What came, in order, for a test to take from. Waiting in vain fails with what had come instead. */
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

  /** The next that fits, and all before it that were not taken yet. */
  async until(
    fits: (item: Item) => boolean,
    what = 'a certain one',
  ): Promise<{ found: Item; before: Item[] }> {
    for (let looked = this.#taken; ; looked++) {
      if (looked === this.all.length) await patiently(this.#news.promise, () => this.soFar(what));
      const found = this.all[looked] as Item;
      if (!fits(found)) continue;
      const before = this.all.slice(this.#taken, looked);
      this.#taken = looked + 1;
      return { found, before };
    }
  }

  async next(fits: (item: Item) => boolean = () => true, what?: string): Promise<Item> {
    return (await this.until(fits, what)).found;
  }

  /** The next so many, whatever they are. */
  async take(count: number): Promise<Item[]> {
    let left = count;
    if (left === 0) return [];
    const { found, before } = await this.until(() => --left === 0, `${count} in all`);
    return [...before, found];
  }

  /** For the failure of a test that waits: what came instead. */
  soFar(what: string): string {
    const came = this.all.slice(this.#taken).map((item) => JSON.stringify(item).slice(0, 200));
    const last = came.slice(-20).join('\n') || '(none)';
    return `${this.#owner} waited in vain for ${what}. Not taken yet (${came.length}):\n${last}`;
  }
}
