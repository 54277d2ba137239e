import type { SignalboxError } from '../errors.ts';
import { type Backlogs, type HeldBacklog, unbounded } from './backlogs.ts';
import { type Bounds, backlogBounds } from './bounds.ts';
import type { Connected, Cursor, Entry, Message } from './hub.ts';

/**
 * Why a stream is cut: its consumer is too slow; the hub cannot vouch for what follows; the node alone has lost the hub
 * that others still hear; the node shuts down; the stream is old. The log shows it (`CutLog`); the client only sees the
 * connection end.
 */
export type CutReason = 'backlog' | 'hub' | 'alone' | 'shutdown' | 'age';

/**
 * Whether a consumer's error means that its stream was cut: the operation is not over, and the client resumes
 * from its cursor. The name `AbortError` makes GraphQL engines pass the error through unchanged.
 */
export function isCut(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError';
}

/** The longest delay of a Node.js timer: 2^31 - 1 ms, 24.8 days. */
const maxTimeoutMs = 2_147_483_647;

/** How an entry reached the stream: when it was sent, or later, in a batch of missed entries. */
type Kind = 'live' | 'missed';

interface Backlog {
  readonly entries: number;
  readonly bytes: number;
}

const emptyBacklog = () => ({ live: { entries: 0, bytes: 0 }, missed: { entries: 0, bytes: 0 } });

/**
 * One open stream: the hub pushes, one consumer pulls. The backlog between them is bounded (G8).
 *
 * A stream ends in one of three ways, and then calls `onClose` once: the consumer returns; the hub ends it with
 * an error for the client; or it is cut, so that the client resumes. Only a cut has a reason, which `onClose` gets.
 */
export class Stream implements AsyncIterableIterator<Message, undefined> {
  #queue: { entry: Connected | Entry; bytes: number; kind: Kind }[] = [];
  /** The contents of the queue, counted. */
  #backlog = emptyBacklog();
  #begun = false;
  #waiting: PromiseWithResolvers<IteratorResult<Message, undefined>> | undefined;
  #closed = false;
  #failure: Error | undefined;
  #lastCursor: Cursor = '0';
  #heartbeat: NodeJS.Timeout | undefined;
  #expiry: NodeJS.Timeout | undefined;
  readonly #bounds: Bounds;
  readonly #held: HeldBacklog;
  readonly #onClose: (reason: CutReason | undefined) => void;

  /** `backlogs` bounds what waits for all streams together. */
  constructor(
    onClose: (reason: CutReason | undefined) => void,
    bounds: Bounds = backlogBounds,
    backlogs: Backlogs = unbounded,
  ) {
    this.#onClose = onClose;
    this.#bounds = bounds;
    this.#held = backlogs.open(() => this.cut('backlog'));
  }

  /** The cursor of the last message that the consumer took. */
  get lastCursor(): Cursor {
    return this.#lastCursor;
  }

  /** Whether the first message is a `Connected` that says `resumed`. To be asked before the consumer takes it. */
  get resumes(): boolean {
    const first = this.#queue[0]?.entry;
    return first?.type === 'Connected' && first.resumed;
  }

  /** What waits for the consumer. When the stream opens, these are the entries that its peer has missed. */
  get waiting(): Backlog {
    const { live, missed } = this.#backlog;
    return { entries: live.entries + missed.entries, bytes: live.bytes + missed.bytes };
  }

  get closed(): boolean {
    return this.#closed;
  }

  /**
   * Takes the whole batch, or cuts the stream if its backlog is already over the bounds.
   *
   * Missed entries (and the first batch) have a count of their own, because they may be a full log. If they
   * counted as live entries, the next live entry would cut the stream before its consumer could take any.
   */
  push(
    batch: readonly { readonly entry: Connected | Entry; readonly bytes: number }[],
    kind: Kind = this.#begun ? 'live' : 'missed',
  ): void {
    if (this.#closed) return;
    if (this.#isOver('live') || (kind === 'missed' && this.#isOver('missed'))) {
      this.cut('backlog');
      return;
    }
    this.#begun = true;
    const waiting = this.#backlog[kind];
    for (const { entry, bytes } of batch) {
      if (this.#hand(entry)) continue;
      this.#queue.push({ entry, bytes, kind });
      waiting.entries += 1;
      waiting.bytes += bytes;
      this.#held.hold(entry, bytes);
      // There was no room for it.
      if (this.#closed) return;
    }
  }

  /** Ends the operation. The backlog is still delivered, then the error. */
  end(error: SignalboxError): void {
    this.#close(error);
  }

  /** Ends the connection, not the operation. The backlog is dropped, and the client resumes. */
  cut(reason: CutReason): void {
    this.#drop();
    this.#close(new DOMException(`The stream was cut: ${reason}.`, 'AbortError'), reason);
  }

  /** Sends a `Heartbeat` at this interval, whenever the consumer is waiting for a message. */
  beatEvery(ms: number): void {
    if (this.#closed) return;
    this.#heartbeat = setInterval(() => {
      this.#hand({ type: 'Heartbeat', cursor: this.#lastCursor, sentAt: new Date() });
    }, ms);
  }

  /** Ends the stream with this error at this time. */
  endAt(time: Date, error: SignalboxError): void {
    if (this.#closed) return;
    const ms = time.getTime() - Date.now();
    if (ms > maxTimeoutMs) this.#expiry = setTimeout(() => this.endAt(time, error), maxTimeoutMs);
    else this.#expiry = setTimeout(() => this.end(error), ms);
  }

  next(): Promise<IteratorResult<Message, undefined>> {
    const item = this.#queue.shift();
    if (item) {
      const waiting = this.#backlog[item.kind];
      waiting.entries -= 1;
      waiting.bytes -= item.bytes;
      this.#held.release(item.entry, item.bytes);
      this.#lastCursor = item.entry.cursor;
      return Promise.resolve({ done: false, value: item.entry });
    }
    if (this.#failure) {
      const failure = this.#failure;
      this.#failure = undefined;
      return Promise.reject(failure);
    }
    if (this.#closed) return Promise.resolve({ done: true, value: undefined });
    this.#waiting ??= Promise.withResolvers();
    return this.#waiting.promise;
  }

  return(): Promise<IteratorResult<Message, undefined>> {
    this.#drop();
    this.#close(undefined);
    this.#failure = undefined;
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Drops all that waits. */
  #drop(): void {
    for (const { entry, bytes } of this.#queue) this.#held.release(entry, bytes);
    this.#queue = [];
    this.#backlog = emptyBacklog();
  }

  #isOver(kind: Kind): boolean {
    const { entries, bytes } = this.#backlog[kind];
    return entries > this.#bounds.maxEntries || bytes > this.#bounds.maxBytes;
  }

  /** Gives the message to a waiting consumer. False if it is not waiting. */
  #hand(message: Message): boolean {
    if (!this.#waiting) return false;
    const { resolve } = this.#waiting;
    this.#waiting = undefined;
    this.#lastCursor = message.cursor;
    resolve({ done: false, value: message });
    return true;
  }

  #close(failure: Error | undefined, reason?: CutReason): void {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#heartbeat);
    clearTimeout(this.#expiry);
    if (this.#waiting) {
      if (failure) this.#waiting.reject(failure);
      else this.#waiting.resolve({ done: true, value: undefined });
      this.#waiting = undefined;
    } else {
      this.#failure = failure;
    }
    this.#onClose(reason);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }
}
