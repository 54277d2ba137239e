import type { Logger } from 'pino';
import type { Entry, SizedEntry } from '../hub.ts';
import { sizedEntry } from '../sized-entry.ts';
import type { Inbox } from './inbox.ts';

/** An entry of any number of inboxes. Its memory is counted once. */
export class HeldEntry implements SizedEntry {
  readonly entry: Entry;
  readonly bytes: number;
  /** How many inboxes hold it. */
  holders = 0;

  constructor(entry: Entry) {
    this.entry = entry;
    this.bytes = sizedEntry(entry).bytes;
  }
}

/** The size of an entry's place in one inbox. */
const placeBytes = 16;

/**
 * Counts the memory of all inboxes together, and bounds it (G8). Above the bound, the largest inboxes lose their older
 * half. Each inbox records the loss, so a resume that needs the lost entries begins a new session (G3).
 */
export class HeldEntries {
  readonly #maxBytes: number;
  readonly #log: Logger;
  readonly #inboxes = new Set<Inbox>();
  #bytes = 0;

  constructor(maxBytes: number, log: Logger) {
    this.#maxBytes = maxBytes;
    this.#log = log;
  }

  get bytes(): number {
    return this.#bytes;
  }

  add(inbox: Inbox): void {
    this.#inboxes.add(inbox);
  }

  /** The inbox is empty, and is not used any more. */
  remove(inbox: Inbox): void {
    this.#inboxes.delete(inbox);
  }

  hold(held: HeldEntry): void {
    this.#bytes += placeBytes + (held.holders === 0 ? held.bytes : 0);
    held.holders += 1;
  }

  release(held: HeldEntry): void {
    held.holders -= 1;
    this.#bytes -= placeBytes + (held.holders === 0 ? held.bytes : 0);
  }

  /** Makes room for a batch. The real maximum is therefore the bound plus one batch. */
  makeRoom(): void {
    if (this.#bytes <= this.#maxBytes) return;
    const before = this.#bytes;
    // An eighth at a time, so that this does not happen at every entry.
    const enough = (this.#maxBytes * 7) / 8;
    while (this.#bytes > enough) {
      const largestFirst = Array.from(this.#inboxes)
        .filter((inbox) => inbox.bytes > 0)
        .sort((a, b) => b.bytes - a.bytes);
      if (largestFirst.length === 0) break;
      for (const inbox of largestFirst) {
        if (this.#bytes <= enough) break;
        inbox.dropOlderHalf();
      }
    }
    this.#log.warn(
      { bytes: before, maxBytes: this.#maxBytes },
      'the inboxes of all sessions are full: the largest lost their oldest entries',
    );
  }
}
