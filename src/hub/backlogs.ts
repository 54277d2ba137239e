import type { Logger } from 'pino';

/** The size of a place in one queue. */
const placeBytes = 48;

/** What waits for one stream. */
export class HeldBacklog {
  /** The size of all that waits. Other backlogs may hold the same. */
  bytes = 0;
  readonly #backlogs: Backlogs;
  readonly #cut: () => void;

  constructor(backlogs: Backlogs, cut: () => void) {
    this.#backlogs = backlogs;
    this.#cut = cut;
  }

  /** Counts one more item that waits. To make room, this or another stream may be cut. */
  hold(item: object, bytes: number): void {
    this.bytes += bytes + placeBytes;
    this.#backlogs.hold(this, item, bytes);
  }

  /** It waits no more. */
  release(item: object, bytes: number): void {
    this.bytes -= bytes + placeBytes;
    this.#backlogs.release(this, item, bytes);
  }

  /** Ends its stream, which then releases all that waits for it. */
  cut(): void {
    this.#cut();
  }
}

/**
 * Counts the memory of all that waits for the streams of a node, and bounds it (G8). What waits for many streams counts
 * once. Above the bound, the streams for which most waits are cut: their logs still have it, so their clients resume.
 */
export class Backlogs {
  readonly #maxBytes: number;
  readonly #log: Logger | undefined;
  /** How many backlogs hold each item. */
  readonly #holders = new Map<object, number>();
  /** The backlogs that hold anything. */
  readonly #behind = new Set<HeldBacklog>();
  #bytes = 0;
  #cutting = false;

  constructor(maxBytes: number, log?: Logger) {
    this.#maxBytes = maxBytes;
    this.#log = log;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** The backlog of a new stream, which `cut` ends. */
  open(cut: () => void): HeldBacklog {
    return new HeldBacklog(this, cut);
  }

  hold(backlog: HeldBacklog, item: object, bytes: number): void {
    const holders = this.#holders.get(item) ?? 0;
    this.#holders.set(item, holders + 1);
    this.#bytes += placeBytes + (holders === 0 ? bytes : 0);
    this.#behind.add(backlog);
    if (this.#bytes > this.#maxBytes && !this.#cutting) this.#makeRoom();
  }

  release(backlog: HeldBacklog, item: object, bytes: number): void {
    const holders = (this.#holders.get(item) ?? 1) - 1;
    if (holders === 0) this.#holders.delete(item);
    else this.#holders.set(item, holders);
    this.#bytes -= placeBytes + (holders === 0 ? bytes : 0);
    if (backlog.bytes === 0) this.#behind.delete(backlog);
  }

  #makeRoom(): void {
    const before = this.#bytes;
    // An eighth at a time, so that this does not happen at every message.
    const enough = (this.#maxBytes * 7) / 8;
    let cut = 0;
    this.#cutting = true;
    for (const backlog of Array.from(this.#behind).sort((a, b) => b.bytes - a.bytes)) {
      if (this.#bytes <= enough) break;
      backlog.cut();
      cut += 1;
    }
    this.#cutting = false;
    this.#log?.warn(
      { bytes: before, maxBytes: this.#maxBytes, streams: cut },
      'the backlogs of all streams are full: the longest were cut',
    );
  }
}

/** For a stream whose backlog counts only for itself. */
export const unbounded = new Backlogs(Number.POSITIVE_INFINITY);
