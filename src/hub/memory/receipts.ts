import { maxReceipts } from '../bounds.ts';
import type { Delivery, Receipt } from '../hub.ts';

/**
 * The receipts of a session's last messages that had a key. A repeated call is answered with the first receipt, and
 * not sent again (G14).
 */
export class Receipts {
  readonly #byKey = new Map<string, Receipt>();

  /** Sends a message. If one with this key was sent, only returns the receipt of that one. */
  once(key: string | undefined, send: () => Receipt & Delivery): Receipt & Delivery {
    const earlier = key === undefined ? undefined : this.#byKey.get(key);
    if (earlier) return { ...earlier, receivers: 0 };
    const sent = send();
    if (key !== undefined) this.#keep(key, sent);
    return sent;
  }

  /** Remembers a receipt. Beyond the bound, the oldest receipt is forgotten. */
  #keep(key: string, { cursor, status }: Receipt): void {
    this.#byKey.set(key, { cursor, status });
    if (this.#byKey.size > maxReceipts) {
      for (const oldest of this.#byKey.keys()) {
        this.#byKey.delete(oldest);
        break;
      }
    }
  }
}
