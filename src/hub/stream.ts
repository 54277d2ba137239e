import type { SignalboxError } from '../errors.ts';
import { type Bounds, backlogBounds } from './bounds.ts';
import type { Connected, Entry, EntryId, Message } from './hub.ts';

/** Why a stream is cut: said to the log, not to the client, which only sees the connection end. */
export type CutReason = 'backlog' | 'hub' | 'shutdown';

/**
 * What a stream's consumer gets when the stream is cut: the operation is not over, and the client
 * goes on from its cursor. Named so that GraphQL engines let it pass as it is.
 */
export function isCut(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError';
}

/** The longest time that a timer of Node's can wait: 2^31 - 1 ms, 24.8 days. */
const longestTimeoutMs = 2_147_483_647;

/** How an entry came to a stream: as it was sent, or later, with what was missed meanwhile. */
type Kind = 'live' | 'missed';

const emptyBacklog = () => ({ live: { entries: 0, bytes: 0 }, missed: { entries: 0, bytes: 0 } });

/**
 * One open stream: the hub pushes, one consumer pulls. What waits between them is bounded (G8).
 *
 * It ends in one of three ways, and `onClose` is then called once: the consumer returns; the hub
 * ends it with an error that the client is told; or it is cut, so that the client comes back.
 */
export class Stream implements AsyncIterableIterator<Message, undefined> {
  #queue: { entry: Connected | Entry; bytes: number; kind: Kind }[] = [];
  /** What is in the queue. */
  #backlog = emptyBacklog();
  #begun = false;
  #waiting: PromiseWithResolvers<IteratorResult<Message, undefined>> | undefined;
  #closed = false;
  #failure: Error | undefined;
  #lastId: EntryId = '0';
  #heartbeat: NodeJS.Timeout | undefined;
  #expiry: NodeJS.Timeout | undefined;
  readonly #bounds: Bounds;
  readonly #onClose: () => void;

  constructor(onClose: () => void, limits: Bounds = backlogBounds) {
    this.#onClose = onClose;
    this.#bounds = limits;
  }

  /** The id of the last entry that the consumer took. */
  get lastId(): EntryId {
    return this.#lastId;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /**
   * Takes a batch whole, or cuts the stream where more than the bounds allow waits already.
   *
   * What was missed is counted apart (`missed`; so is the first batch): it is a full log perhaps, and would
   * else have the stream cut by the next entry to come, before any consumer could have taken it.
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
    }
  }

  /** The operation is over: what waits is still delivered, then the error. */
  end(error: SignalboxError): void {
    this.#close(error);
  }

  /** The connection is over, the operation is not: what waits is dropped, and the client resumes. */
  cut(reason: CutReason): void {
    this.#queue = [];
    this.#backlog = emptyBacklog();
    this.#close(new DOMException(`The stream was cut: ${reason}.`, 'AbortError'));
  }

  /** Sends a `Heartbeat` every so many milliseconds to a consumer that waits for something to come. */
  beatEvery(ms: number): void {
    if (this.#closed) return;
    this.#heartbeat = setInterval(() => {
      this.#hand({ type: 'Heartbeat', id: this.#lastId, sentAt: new Date() });
    }, ms);
  }

  /** Ends the stream with an error when its time has come. */
  endAt(time: Date, error: SignalboxError): void {
    if (this.#closed) return;
    const ms = time.getTime() - Date.now();
    if (ms > longestTimeoutMs) this.#expiry = setTimeout(() => this.endAt(time, error), longestTimeoutMs);
    else this.#expiry = setTimeout(() => this.end(error), ms);
  }

  next(): Promise<IteratorResult<Message, undefined>> {
    const item = this.#queue.shift();
    if (item) {
      const waiting = this.#backlog[item.kind];
      waiting.entries -= 1;
      waiting.bytes -= item.bytes;
      this.#lastId = item.entry.id;
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
    this.#queue = [];
    this.#backlog = emptyBacklog();
    this.#close(undefined);
    this.#failure = undefined;
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #isOver(kind: Kind): boolean {
    const { entries, bytes } = this.#backlog[kind];
    return entries > this.#bounds.entries || bytes > this.#bounds.bytes;
  }

  /** Gives the consumer what it waits for. False where it is not waiting. */
  #hand(message: Message): boolean {
    if (!this.#waiting) return false;
    const { resolve } = this.#waiting;
    this.#waiting = undefined;
    this.#lastId = message.id;
    resolve({ done: false, value: message });
    return true;
  }

  #close(failure: Error | undefined): void {
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
    this.#onClose();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }
}
