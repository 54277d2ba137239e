import { type Field, mutationOf, type Operation } from './documents.ts';
import { SignalboxError } from './types.ts';

interface Waiting extends Operation {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** The most operations in one request. The server takes 20 root fields. */
const maxBatch = 16;

export interface OutboxOptions {
  /** Sends one request. Rejects with a `SignalboxError`. */
  send(request: { query: string; variables: object }): Promise<Record<string, unknown>>;
  /** Resolves when there is a session. */
  ready(): Promise<unknown>;
  /** How long to wait before attempt `n`, in milliseconds. */
  waitMs(attempt: number): number;
}

/**
 * Sends operations in the order in which they were made, several in one request. A request without an answer is sent
 * again: operations with a `key` are carried out once (G14), and the others do no harm when repeated (G7).
 */
export class Outbox {
  readonly #options: OutboxOptions;
  #queue: Waiting[] = [];
  #running = false;
  /** About how many characters of arguments go into one request. By default the server takes 320 KiB. */
  #maxCharacters = 128 * 1024;
  #closed: Error | undefined;

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  /**
   * Resolves to the result of the field. Rejects with a `SignalboxError` if the server refuses the operation. `isFirst`:
   * it goes before those that wait.
   */
  push<Result>(field: Field, args: Operation['args'], isFirst = false): Promise<Result> {
    if (this.#closed) return Promise.reject(this.#closed);
    return new Promise<Result>((resolve, reject) => {
      const waiting = { field, args, resolve: resolve as Waiting['resolve'], reject };
      if (isFirst) this.#queue.unshift(waiting);
      else this.#queue.push(waiting);
      void this.#run();
    });
  }

  /** Rejects the operations that wait, and those that are pushed later. */
  close(error: Error): void {
    this.#closed = error;
    for (const { reject } of this.#queue.splice(0)) reject(error);
  }

  async #run(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    // Operations of the same turn go together.
    await Promise.resolve();
    for (let attempt = 0; this.#queue.length > 0; ) {
      await this.#options.ready().catch(() => undefined);
      const batch = this.#batch();
      if (batch.length === 0) break;
      try {
        const data = await this.#options.send(mutationOf(batch));
        this.#queue = this.#queue.filter((waiting) => !batch.includes(waiting));
        batch.forEach(({ resolve }, n) => {
          resolve(data[`f${n}`]);
        });
        attempt = 0;
      } catch (error) {
        const waitMs = this.#refused(batch, error, attempt);
        if (waitMs > 0) {
          attempt += 1;
          await new Promise((resolve) => setTimeout(resolve, waitMs));
        }
      }
    }
    this.#running = false;
  }

  #batch(): Waiting[] {
    let characters = 0;
    const batch: Waiting[] = [];
    for (const waiting of this.#queue.slice(0, maxBatch)) {
      characters += JSON.stringify(waiting.args).length;
      if (batch.length > 0 && characters > this.#maxCharacters) break;
      batch.push(waiting);
    }
    return batch;
  }

  /**
   * Rejects the operation that was refused. The others stay in the queue: those before it were carried out, and are
   * repeated for their results. Returns how long to wait before that, in milliseconds.
   */
  #refused(batch: readonly Waiting[], error: unknown, attempt: number): number {
    if (error instanceof SignalboxError) {
      const { code, retryable, retryAfterMs, path } = error;
      if (retryable || code === 'RATE_LIMITED' || code === 'NOT_CONNECTED' || code === 'UNAUTHENTICATED') {
        return retryAfterMs ?? this.#options.waitMs(attempt);
      }
      if (code === 'PAYLOAD_TOO_LARGE' && !path && batch.length > 1) {
        // The server takes the operations, but not all at once.
        this.#maxCharacters = Math.min(this.#maxCharacters, JSON.stringify(batch).length) / 2;
        return 0;
      }
      const n = Number(/^f(\d+)$/.exec(String(path?.[0]))?.[1] ?? 0);
      const refused = batch[n];
      if (refused) {
        this.#queue = this.#queue.filter((waiting) => waiting !== refused);
        refused.reject(error);
        return 0;
      }
    }
    for (const waiting of batch) waiting.reject(error);
    this.#queue = this.#queue.filter((waiting) => !batch.includes(waiting));
    return 0;
  }
}
