import { maxReceipts } from '../bounds.ts';
import type { Receipt } from '../hub.ts';

/**
 * The receipts of a session's last messages that had a key. A repeated call is answered with the first receipt, and
 * not sent again (G14).
 */
export class Receipts {
  readonly #byKey = new Map<string, Receipt>();

  get(key: string | undefined): Receipt | undefined {
    return key === undefined ? undefined : this.#byKey.get(key);
  }

  /** Remembers the receipt of a message if it has a key. Beyond the bound, the oldest receipt is forgotten. */
  keep(key: string | undefined, { cursor, status }: Receipt): void {
    if (key === undefined) return;
    this.#byKey.set(key, { cursor, status });
    if (this.#byKey.size > maxReceipts) {
      for (const oldest of this.#byKey.keys()) {
        this.#byKey.delete(oldest);
        break;
      }
    }
  }
}
