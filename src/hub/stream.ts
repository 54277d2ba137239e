import type { SignalboxError } from '../errors.ts';
import { type Bounds, bounds } from './bounds.ts';
import type { Connected, Entry, EntryId } from './hub.ts';

/** Why a stream is cut: said to the log, not to the client, which only sees the connection end. */
export type CutReason = 'backlog' | 'hub' | 'shutdown';

/**
 * What a stream's consumer gets when the stream is cut: the operation is not over, and the client
 * goes on from its cursor. Named so that GraphQL engines let it pass as it is.
 */
export function isCut(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError';
}

/**
 * One open stream: the hub pushes, one consumer pulls. What waits between them is bounded (G8).
 *
 * It ends in one of three ways, and `onClose` is then called once: the consumer returns; the hub
 * ends it with an error that the client is told; or it is cut, so that the client comes back.
 */
export class Stream implements AsyncIterableIterator<Connected | Entry, undefined> {
  #queue: { entry: Connected | Entry; bytes: number }[] = [];
  #queuedBytes = 0;
  #waiting: PromiseWithResolvers<IteratorResult<Connected | Entry, undefined>> | undefined;
  #closed = false;
  #failure: Error | undefined;
  #lastId: EntryId = '0';
  readonly #bounds: Bounds;
  readonly #onClose: () => void;

  constructor(onClose: () => void, limits: Bounds = bounds) {
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

  /** Whether the consumer has taken all there was. */
  get drained(): boolean {
    return this.#queue.length === 0;
  }

  /** Takes a batch whole, or cuts the stream where more than the bounds allow waits already. */
  push(batch: readonly { readonly entry: Connected | Entry; readonly bytes: number }[]): void {
    if (this.#closed) return;
    if (this.#queue.length > this.#bounds.entries || this.#queuedBytes > this.#bounds.bytes) {
      this.cut('backlog');
      return;
    }
    for (const item of batch) {
      if (this.#waiting) {
        const { resolve } = this.#waiting;
        this.#waiting = undefined;
        this.#lastId = item.entry.id;
        resolve({ done: false, value: item.entry });
      } else {
        this.#queue.push(item);
        this.#queuedBytes += item.bytes;
      }
    }
  }

  /** The operation is over: what waits is still delivered, then the error. */
  end(error: SignalboxError): void {
    this.#close(error);
  }

  /** The connection is over, the operation is not: what waits is dropped, and the client resumes. */
  cut(reason: CutReason): void {
    this.#queue = [];
    this.#queuedBytes = 0;
    this.#close(new DOMException(`The stream was cut: ${reason}.`, 'AbortError'));
  }

  next(): Promise<IteratorResult<Connected | Entry, undefined>> {
    const item = this.#queue.shift();
    if (item) {
      this.#queuedBytes -= item.bytes;
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

  return(): Promise<IteratorResult<Connected | Entry, undefined>> {
    this.#queue = [];
    this.#queuedBytes = 0;
    this.#close(undefined);
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #close(failure: Error | undefined): void {
    if (this.#closed) return;
    this.#closed = true;
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
