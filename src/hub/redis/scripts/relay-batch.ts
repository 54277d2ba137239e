import type { SignalboxError } from '../../../errors.ts';
import type { Delivery, Receipt } from '../../hub.ts';
import type { Relay } from './arguments.ts';

/** A batch with this many relays, or with more characters of data, is sent at once, so that no script takes long. */
const maxRelays = 32;
const maxLength = 64 * 1024;

/** What became of a relay: its receipt, or why nothing was sent. */
export type Relayed = (Receipt & Delivery) | SignalboxError;

type Send = (relays: readonly Relay[]) => Promise<readonly Relayed[]>;

interface Waiting {
  readonly relay: Relay;
  readonly resolve: (receipt: Receipt & Delivery) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Gathers the relays of one turn of the event loop, and sends them with one script, because much of the cost of a script
 * is the same for one relay as for many. Relays keep their order.
 */
export class RelayBatch {
  readonly #send: Send;
  readonly #atEndOfTurn: (work: () => void) => void;
  #waiting: Waiting[] = [];
  #length = 0;

  /** `send` resolves with one outcome for each relay, or rejects if none of them has one. */
  constructor(send: Send, atEndOfTurn: (work: () => void) => void) {
    this.#send = send;
    this.#atEndOfTurn = atEndOfTurn;
  }

  /** Resolves to the receipt. Rejects with the relay's own error, or with that of the script. */
  add(relay: Relay): Promise<Receipt & Delivery> {
    const { promise, resolve, reject } = Promise.withResolvers<Receipt & Delivery>();
    if (this.#waiting.length === 0) this.#atEndOfTurn(() => this.#flush());
    this.#waiting.push({ relay, resolve, reject });
    this.#length += relay.data.text.length;
    if (this.#waiting.length === maxRelays || this.#length > maxLength) this.#flush();
    return promise;
  }

  #flush(): void {
    const batch = this.#waiting;
    if (batch.length === 0) return;
    this.#waiting = [];
    this.#length = 0;
    this.#send(batch.map(({ relay }) => relay)).then(
      (outcomes) => {
        for (const [i, { resolve, reject }] of batch.entries()) {
          const outcome = outcomes[i];
          if (outcome && 'cursor' in outcome) resolve(outcome);
          else reject(outcome);
        }
      },
      (error: unknown) => {
        for (const { reject } of batch) reject(error);
      },
    );
  }
}
