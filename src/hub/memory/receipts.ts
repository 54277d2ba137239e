import { maxReceipts } from '../bounds.ts';
import type { Delivery, Receipt } from '../hub.ts';

/** The approximate size of a receipt in memory, without its key. */
const receiptBytes = 200;

/**
 * Counts the memory of the receipts of all sessions, and bounds it (G8). Above the bound, the sessions with most receipts
 * forget their older half.
 */
export class HeldReceipts {
  readonly #maxBytes: number;
  /** Those of sessions that have any. */
  readonly #all = new Set<Receipts>();
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  hold(receipts: Receipts, bytes: number): void {
    this.#all.add(receipts);
    this.#bytes += bytes;
    if (this.#bytes > this.#maxBytes) this.#makeRoom();
  }

  release(receipts: Receipts, bytes: number): void {
    this.#bytes -= bytes;
    if (receipts.count === 0) this.#all.delete(receipts);
  }

  #makeRoom(): void {
    // An eighth at a time, so that this does not happen at every receipt.
    const enough = (this.#maxBytes * 7) / 8;
    while (this.#bytes > enough) {
      for (const receipts of Array.from(this.#all).sort((a, b) => b.count - a.count)) {
        if (this.#bytes <= enough) break;
        receipts.forgetOlderHalf();
      }
    }
  }
}

/**
 * The receipts of a session's last messages that had a key. A repeated call is answered with the first receipt, and
 * not sent again (G14).
 */
export class Receipts {
  readonly #byKey = new Map<string, Receipt>();
  readonly #held: HeldReceipts;

  /** `held` counts the receipts of all sessions. */
  constructor(held: HeldReceipts) {
    this.#held = held;
  }

  get count(): number {
    return this.#byKey.size;
  }

  /** Sends a message. If one with this key was sent, only returns the receipt of that one. */
  once(key: string | undefined, send: () => Receipt & Delivery): Receipt & Delivery {
    const earlier = key === undefined ? undefined : this.#byKey.get(key);
    if (earlier) return { ...earlier, receivers: 0 };
    const sent = send();
    if (key !== undefined) this.#keep(key, sent);
    return sent;
  }

  /** Forgets at least one receipt. */
  forgetOlderHalf(): void {
    const half = Math.floor(this.count / 2);
    while (this.count > half) this.#forgetOldest();
  }

  /** The session has ended. */
  close(): void {
    while (this.count > 0) this.#forgetOldest();
  }

  /** Remembers a receipt. Beyond the bound, the oldest receipt is forgotten. */
  #keep(key: string, { cursor, status }: Receipt): void {
    this.#byKey.set(key, { cursor, status });
    if (this.count > maxReceipts) this.#forgetOldest();
    this.#held.hold(this, sizeOf(key));
  }

  #forgetOldest(): void {
    for (const oldest of this.#byKey.keys()) {
      this.#byKey.delete(oldest);
      this.#held.release(this, sizeOf(oldest));
      return;
    }
  }
}

/** A character of a key takes two bytes if any of them is beyond Latin-1. */
function sizeOf(key: string): number {
  return receiptBytes + 2 * key.length;
}
