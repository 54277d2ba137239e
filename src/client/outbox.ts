import type { Api } from './api.ts';
import { type Arguments, type Field, mutationOf, type Operation } from './documents.ts';
import { sleep } from './sleep.ts';
import type { SignalboxError } from './types.ts';

interface Waiting extends Operation {
  /** About how many characters it adds to a request. */
  readonly characters: number;
  readonly resolve: (result: never) => void;
  readonly reject: (error: unknown) => void;
}

/** The most operations in one request. The server takes 20 root fields. */
const maxBatch = 16;

/** What the outbox needs of the session. */
export interface OutboxLink {
  readonly api: Pick<Api, 'post'>;
  /** Resolves when there is a session. */
  readonly begun: Promise<unknown>;
  /** How long to wait before attempt `n`, in milliseconds. */
  retryMs(attempt: number): number;
}

/**
 * Sends operations in the order in which they were made, several in one request. A request without an answer is sent
 * again: operations with a `key` are carried out once (G14), and the others do no harm when repeated (G7).
 */
export class Outbox {
  readonly #link: OutboxLink;
  #queue: Waiting[] = [];
  #running = false;
  /** About how many characters of arguments go into one request. By default the server takes 320 KiB. */
  #maxCharacters = 128 * 1024;
  /**
   * The most operations in the next request. After a refusal that may pass, one goes alone: repeated operations use up
   * the peer's limits again (G13), so a whole batch might never get past its first ones.
   */
  #batchSize = maxBatch;
  #closed: Error | undefined;

  constructor(link: OutboxLink) {
    this.#link = link;
  }

  /**
   * Resolves to the result of the field. Rejects with a `SignalboxError` if the server refuses the operation. `isFirst`:
   * it goes before those that wait.
   */
  push<Result>(field: Field, args: Arguments, isFirst = false): Promise<Result> {
    return new Promise<Result>((resolve, reject) => {
      if (this.#closed) throw this.#closed;
      const waiting = { field, args, characters: JSON.stringify(args).length, resolve, reject };
      if (isFirst) this.#queue.unshift(waiting);
      else this.#queue.push(waiting);
      if (!this.#running) void this.#run();
    });
  }

  /** Rejects the operations that wait, and those that are pushed later. */
  close(error: Error): void {
    this.#closed = error;
    for (const { reject } of this.#queue.splice(0)) reject(error);
  }

  async #run(): Promise<void> {
    this.#running = true;
    // Operations of the same turn go together.
    await Promise.resolve();
    for (let attempt = 0; this.#queue.length > 0; ) {
      await this.#link.begun.catch(() => undefined);
      const batch = this.#batch();
      if (batch.length === 0) break;
      try {
        const data = await this.#link.api.post<Readonly<Record<string, never>>>(mutationOf(batch));
        batch.forEach((waiting, n) => {
          this.#remove(waiting);
          waiting.resolve(data[`f${n}`] as never);
        });
        attempt = 0;
        this.#batchSize = Math.min(maxBatch, 2 * this.#batchSize);
      } catch (error) {
        await sleep(this.#refused(batch, error as SignalboxError, attempt++));
      }
    }
    this.#running = false;
  }

  #batch(): Waiting[] {
    let left = this.#maxCharacters;
    return this.#queue.slice(0, this.#batchSize).filter(({ characters }, n) => {
      left -= characters;
      return n === 0 || left >= 0;
    });
  }

  #remove(waiting: Waiting | undefined): void {
    this.#queue = this.#queue.filter((other) => other !== waiting);
  }

  /**
   * Rejects the operation that was refused. The others stay in the queue: those before it were carried out, and are
   * repeated for their results. Returns how long to wait before that, in milliseconds.
   */
  #refused(batch: readonly Waiting[], error: SignalboxError, attempt: number): number {
    const { code, retryable, retryAfterMs, path } = error;
    if (retryable || code === 'NOT_CONNECTED' || code === 'UNAUTHENTICATED') {
      this.#batchSize = 1;
      return retryAfterMs ?? this.#link.retryMs(attempt);
    }
    if (code === 'PAYLOAD_TOO_LARGE' && !path && batch.length > 1) {
      // The server takes the operations, but not all at once.
      const characters = batch.reduce((sum, waiting) => sum + waiting.characters, 0);
      this.#maxCharacters = Math.min(this.#maxCharacters, characters) / 2;
      return 0;
    }
    // The path begins with the alias of the field. Without a path, the server has carried out nothing: the first operation
    // is refused, and the others are sent again.
    const refused = batch[Number(String(path?.[0]).slice(1)) || 0];
    this.#remove(refused);
    refused?.reject(error);
    return 0;
  }
}
