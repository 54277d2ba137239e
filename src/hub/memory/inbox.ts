import { type Bounds, logBounds } from '../bounds.ts';
import type { SizedEntry } from '../hub.ts';
import type { HeldEntries, HeldEntry } from './held-entries.ts';

/**
 * The log of one session. It keeps directed and room-wide entries, so that a resume can read them again. When it
 * is full, it drops the oldest and records the last dropped cursor, so that no resume skips entries silently (G3).
 */
export class Inbox {
  readonly #entries: HeldEntry[] = [];
  readonly #held: HeldEntries;
  readonly #bounds: Bounds;
  #bytes = 0;
  #trimmedUpTo = 0;

  /** `held` counts the memory of all inboxes. */
  constructor(held: HeldEntries, bounds: Bounds = logBounds) {
    this.#held = held;
    this.#bounds = bounds;
    held.add(this);
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Appends a whole batch. Drops old entries first, so a batch never drops a part of itself. */
  append(batch: readonly HeldEntry[]): void {
    this.#held.makeRoom();
    while (this.#entries.length > this.#bounds.maxEntries || this.#bytes > this.#bounds.maxBytes) {
      this.#dropOldest();
    }
    for (const sized of batch) {
      this.#entries.push(sized);
      this.#bytes += sized.bytes;
      this.#held.hold(sized);
    }
  }

  /** Drops the oldest entries, at least one, until half of the bytes are left. */
  dropOlderHalf(): void {
    const half = this.#bytes / 2;
    while (this.#bytes > half) this.#dropOldest();
  }

  /** The session has ended. */
  close(): void {
    while (this.#entries.length > 0) this.#dropOldest();
    this.#held.remove(this);
  }

  /** Drops the entries with cursors smaller than this one. */
  dropBefore(cursor: number): void {
    for (let oldest = this.#entries[0]; oldest && cursorNumber(oldest) < cursor; oldest = this.#entries[0]) {
      this.#dropOldest();
    }
  }

  /** All entries after the cursor, or undefined if some of them were dropped. */
  after(cursor: number): readonly SizedEntry[] | undefined {
    if (cursor < this.#trimmedUpTo) return undefined;
    const last = this.#entries.findLastIndex((sized) => cursorNumber(sized) <= cursor);
    return this.#entries.slice(last + 1);
  }

  #dropOldest(): void {
    const oldest = this.#entries.shift();
    if (!oldest) return;
    this.#bytes -= oldest.bytes;
    this.#held.release(oldest);
    this.#trimmedUpTo = cursorNumber(oldest);
  }
}

function cursorNumber({ entry }: SizedEntry): number {
  return Number(entry.cursor);
}
