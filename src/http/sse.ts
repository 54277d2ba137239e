import type { ServerResponse } from 'node:http';
import type { ExecutionResult } from 'graphql';
import type { Logger } from 'pino';
import { entryIdOf, type Results } from '../graphql/engine.ts';
import { isCut } from '../hub/stream.ts';
import { toBody } from './answer.ts';
import { corsHeaders } from './cors.ts';

const complete = 'event: complete\ndata:\n\n';
const comment = ':\n\n';

const headers = {
  ...corsHeaders,
  'Content-Type': 'text/event-stream; charset=utf-8',
  'Cache-Control': 'no-cache, no-transform',
  // Nginx and those that follow it hold a response back to fill their buffers, unless told not to.
  'X-Accel-Buffering': 'no',
} as const;

/** Events by their results, which many streams share: each is encoded once. */
const frames = new WeakMap<ExecutionResult, Buffer>();

function frameOf(result: ExecutionResult): Buffer {
  let frame = frames.get(result);
  if (!frame) {
    const id = entryIdOf(result);
    frame = Buffer.from(`event: next\n${id === undefined ? '' : `id: ${id}\n`}data: ${toBody(result)}\n\n`);
    frames.set(result, frame);
  }
  return frame;
}

function open(res: ServerResponse): void {
  res.writeHead(200, headers);
  res.flushHeaders();
}

/** Answers with one result and the end of the operation: a query's, to a client that takes only events. */
export function sendEvent(res: ServerResponse, result: ExecutionResult): void {
  open(res);
  res.write(`event: next\ndata: ${toBody(result)}\n\n`);
  res.end(complete);
}

export interface EventStreamOptions {
  readonly log: Logger;
  /** Between two comments, in milliseconds. */
  readonly pingMs: number;
  /** How long a client may leave what was written unread, in milliseconds. */
  readonly drainMs?: number;
}

/** A client that reads nothing for so long is taken for gone: it may come back, and resume. */
const defaultDrainMs = 30_000;

/**
 * Writes the results of one subscription as events, one write each, until they end or the client goes
 * away. It takes the next result only when the last has found room, so nothing piles up here (G8).
 *
 * Results that end, end the operation with `complete`. Where they are cut, or fail, the response ends
 * without it: the operation is not over, and the client comes back for the rest.
 */
export class EventStream {
  readonly #res: ServerResponse;
  readonly #results: Results;
  readonly #log: Logger;
  readonly #drainMs: number;
  readonly #pinger: NodeJS.Timeout | undefined;
  #room: PromiseWithResolvers<void> | undefined;
  #drainLimit: NodeJS.Timeout | undefined;
  /** Whether the results have ended, so that there is nothing left to tell them. */
  #ended = false;
  #gone = false;

  private constructor(res: ServerResponse, results: Results, options: EventStreamOptions) {
    this.#res = res;
    this.#results = results;
    this.#log = options.log;
    this.#drainMs = options.drainMs ?? defaultDrainMs;
    res.on('drain', () => this.#onRoom());
    res.on('close', () => this.#onClose());
    if (!results.heartbeats) this.#pinger = setInterval(() => this.#ping(), options.pingMs);
  }

  /** Resolves when nothing more will be written. Never rejects. */
  static async send(res: ServerResponse, results: Results, options: EventStreamOptions): Promise<void> {
    const stream = new EventStream(res, results, options);
    // A client may be gone before its stream is there: its `close` is then past, and not heard.
    if (res.destroyed || res.closed) stream.#onClose();
    else await stream.#pump();
  }

  async #pump(): Promise<void> {
    // A stream may be quiet for long; whether it is read is looked at here.
    this.#res.setTimeout(0);
    open(this.#res);
    try {
      for (;;) {
        const step = await this.#results.next();
        if (this.#gone) return;
        if (step.done) break;
        if (this.#res.write(frameOf(step.value))) continue;
        await this.#hasRoom();
        if (this.#gone) return;
      }
      this.#end(complete);
    } catch (error) {
      if (!isCut(error)) this.#log.error({ err: error }, 'a stream failed');
      if (!this.#gone) this.#end();
    }
  }

  /** Ends the response. A client that does not read its end is not waited for without limit. */
  #end(last?: string): void {
    this.#ended = true;
    clearInterval(this.#pinger);
    this.#res.end(last);
    this.#res.setTimeout(this.#drainMs);
  }

  #hasRoom(): Promise<void> {
    this.#room = Promise.withResolvers();
    this.#drainLimit = setTimeout(() => this.#res.destroy(), this.#drainMs);
    return this.#room.promise;
  }

  #onRoom(): void {
    if (this.#ended) return;
    clearTimeout(this.#drainLimit);
    this.#room?.resolve();
    this.#room = undefined;
  }

  /** Comments keep the connection open. Where there is no room, what waits does that. */
  #ping(): void {
    if (!this.#res.writableNeedDrain) this.#res.write(comment);
  }

  #onClose(): void {
    this.#gone = true;
    clearInterval(this.#pinger);
    clearTimeout(this.#drainLimit);
    if (!this.#ended) {
      this.#ended = true;
      this.#results.return?.().catch((error: unknown) => {
        this.#log.error({ err: error }, 'a stream did not let go');
      });
    }
    this.#room?.resolve();
  }
}
