import { type Bounds, bounds } from '../bounds.ts';
import type { Entry } from '../hub.ts';

/** An entry beside its size. One object serves all the inboxes and streams that it goes to. */
export interface Item {
  readonly entry: Entry;
  /** Of the entry's JSON, near enough: its payload exactly, the rest by a constant. */
  readonly bytes: number;
}

/** What an entry's JSON takes beside its payload: ids, names, field names. */
const overheadBytes = 256;

export function sized(entry: Entry, payloadLength: number): Item {
  return { entry, bytes: payloadLength + overheadBytes };
}

/**
 * The entries that a session was given, directed and room-wide alike, kept so that a resume can read
 * them again. It forgets from its old end, and knows how far: what it cannot give whole, it refuses.
 */
export class Inbox {
  readonly #items: Item[] = [];
  readonly #limits: Bounds;
  #bytes = 0;
  #trimmedUpTo = 0;

  constructor(limits: Bounds = bounds) {
    this.#limits = limits;
  }

  /** Takes a batch whole; room is made before it, so that it never pushes out a part of itself. */
  append(batch: readonly Item[]): void {
    while (this.#items.length > this.#limits.entries || this.#bytes > this.#limits.bytes) this.#dropOldest();
    for (const item of batch) {
      this.#items.push(item);
      this.#bytes += item.bytes;
    }
  }

  /** Forgets the entries with ids below this one. */
  dropBefore(id: number): void {
    for (let oldest = this.#items[0]; oldest && Number(oldest.entry.id) < id; oldest = this.#items[0]) {
      this.#dropOldest();
    }
  }

  /** All entries past the cursor, or undefined where some of them are forgotten. */
  after(cursor: number): readonly Item[] | undefined {
    if (cursor < this.#trimmedUpTo) return undefined;
    const last = this.#items.findLastIndex((item) => Number(item.entry.id) <= cursor);
    return this.#items.slice(last + 1);
  }

  #dropOldest(): void {
    const oldest = this.#items.shift();
    if (!oldest) return;
    this.#bytes -= oldest.bytes;
    this.#trimmedUpTo = Number(oldest.entry.id);
  }
}
