/** What the honest peers found. Everything but the first four must stay 0. */
export interface Findings {
  /** Messages that a node has accepted. */
  readonly sent: number;
  /** Deliveries of these that were due, and that came. */
  readonly due: number;
  readonly delivered: number;
  /** Streams that were dropped and resumed. */
  readonly resumed: number;
  readonly lost: number;
  readonly doubled: number;
  readonly outOfOrder: number;
  /** Sessions that began anew, although their peers came back in time. */
  readonly begunAnew: number;
  /** Calls and streams that a node refused, and calls whose connection it closed. */
  readonly refused: number;
}

/** Books what honest peers send and receive. A message is named by its sender and a number that grows. */
export class Ledger {
  resumed = 0;
  begunAnew = 0;
  /** How often each kind of refusal came. */
  readonly refusals: Record<string, number> = {};
  /** How long each call took that was not refused, in milliseconds. */
  readonly latencies: number[] = [];
  #sent = 0;
  #delivered = 0;
  #doubled = 0;
  #outOfOrder = 0;
  /** The messages that are due and have not come, as `receiver sender number`. */
  readonly #due = new Set<string>();
  /** Messages that came before their call was answered. */
  readonly #early = new Set<string>();
  /** The highest number that each receiver has of each sender. */
  readonly #last = new Map<string, number>();
  #dueCount = 0;

  /** A node has accepted a message to these receivers. */
  accept(sender: string, n: number, receivers: Iterable<string>): void {
    this.#sent += 1;
    for (const receiver of receivers) {
      this.#dueCount += 1;
      const name = `${receiver} ${sender} ${n}`;
      if (!this.#early.delete(name)) this.#due.add(name);
    }
  }

  receive(receiver: string, sender: string, n: number): void {
    const name = `${receiver} ${sender} ${n}`;
    const pair = `${receiver} ${sender}`;
    const last = this.#last.get(pair) ?? 0;
    if (n === last) this.#doubled += 1;
    if (n < last) this.#outOfOrder += 1;
    if (n <= last) return;
    this.#last.set(pair, n);
    this.#delivered += 1;
    if (!this.#due.delete(name)) this.#early.add(name);
  }

  refuse(kind: string): void {
    this.refusals[kind] = (this.refusals[kind] ?? 0) + 1;
  }

  /** Whether everything that is due has come. */
  get settled(): boolean {
    return this.#due.size === 0;
  }

  get findings(): Findings {
    return {
      sent: this.#sent,
      due: this.#dueCount,
      delivered: this.#delivered,
      resumed: this.resumed,
      lost: this.#due.size,
      doubled: this.#doubled,
      outOfOrder: this.#outOfOrder,
      begunAnew: this.begunAnew,
      refused: Object.values(this.refusals).reduce((sum, count) => sum + count, 0),
    };
  }
}
