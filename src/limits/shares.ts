/**
 * Items that belong to keys, and the key that has most of them. Every operation takes constant time, so a flood of
 * keys does not slow it down.
 */
export class Shares<Item> {
  /** The items of each key, the oldest first. Only keys that have items. */
  readonly #items = new Map<string, Set<Item>>();
  /** Keys by how many items they have. */
  readonly #bySize = new Map<number, Set<string>>();
  #largest = 0;
  #size = 0;

  /** How many items all keys have. */
  get size(): number {
    return this.#size;
  }

  /** How many items this key has. */
  count(key: string): number {
    return this.#items.get(key)?.size ?? 0;
  }

  /** Adds an item that the key does not have yet. It is the key's newest. */
  add(key: string, item: Item): void {
    let items = this.#items.get(key);
    if (!items) {
      items = new Set();
      this.#items.set(key, items);
    }
    items.add(item);
    this.#size += 1;
    this.#move(key, items.size - 1, items.size);
  }

  /** False if the key does not have the item. */
  delete(key: string, item: Item): boolean {
    const items = this.#items.get(key);
    if (!items?.delete(item)) return false;
    if (items.size === 0) this.#items.delete(key);
    this.#size -= 1;
    this.#move(key, items.size + 1, items.size);
    return true;
  }

  /** The items of the key, the oldest first. */
  of(key: string): Iterable<Item> {
    return this.#items.get(key) ?? [];
  }

  /** Makes the item the key's newest. */
  renew(key: string, item: Item): void {
    const items = this.#items.get(key);
    if (items?.delete(item)) items.add(item);
  }

  /** A key that has most. */
  get greediest(): string | undefined {
    return this.#bySize.get(this.#largest)?.values().next().value;
  }

  #move(key: string, from: number, to: number): void {
    const old = this.#bySize.get(from);
    if (old?.delete(key) && old.size === 0) this.#bySize.delete(from);
    if (to > 0) {
      const group = this.#bySize.get(to);
      if (group) group.add(key);
      else this.#bySize.set(to, new Set([key]));
    }
    if (to > this.#largest || (from === this.#largest && !this.#bySize.has(from))) this.#largest = to;
  }
}
