import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Logger } from 'pino';
import type { Results } from '../graphql/engine.ts';
import type { Result } from '../graphql/result.ts';
import { isCut } from '../hub/stream.ts';
import { type Framing, openResponse } from './framing.ts';

export interface StreamPumpOptions {
  readonly log: Logger;
  /** The interval of the pings, in milliseconds. */
  readonly pingMs: number;
  /** How long a client may read nothing while there is something to read, in milliseconds. */
  readonly drainTimeoutMs?: number;
  /**
   * Counts the first event until the client has read it, because it contains the rooms and may be as large as an answer.
   * Returns the function that ends this.
   */
  readonly holdUnread?: (bytes: number) => () => void;
}

/** After this time, a client that reads nothing counts as gone. It can come back and resume. */
const defaultDrainTimeoutMs = 30_000;

/**
 * Writes the results of one subscription into a response, one write each, until they end or the client goes away.
 * It takes the next result only when the response has room, so nothing piles up here (G8).
 *
 * When the results end, the operation is over: the response ends with the framing's `complete`. When they are cut
 * or fail, the connection breaks in the middle of the response, and the client comes back for the rest. Without the
 * break, several clients would take the end of the response for the end of the operation.
 *
 * A client that closes its side of the connection counts as gone: it will send nothing more, and a process that was
 * killed looks the same.
 */
export class StreamPump {
  readonly #res: ServerResponse;
  readonly #socket: Socket;
  readonly #results: Results;
  readonly #framing: Framing;
  readonly #log: Logger;
  readonly #drainTimeoutMs: number;
  readonly #holdUnread: StreamPumpOptions['holdUnread'];
  readonly #pinger: NodeJS.Timeout | undefined;
  /** Resolves when the response has room again, or when the client is gone. */
  #writable: PromiseWithResolvers<void> | undefined;
  #drainTimer: NodeJS.Timeout | undefined;
  /** Whether the results have ended. They must be returned if the client goes away before that. */
  #ended = false;
  #gone = false;
  readonly #onEnd = () => void this.#res.destroy();

  private constructor(res: ServerResponse, results: Results, framing: Framing, options: StreamPumpOptions) {
    this.#res = res;
    this.#socket = res.req.socket;
    this.#results = results;
    this.#framing = framing;
    this.#log = options.log;
    this.#drainTimeoutMs = options.drainTimeoutMs ?? defaultDrainTimeoutMs;
    this.#holdUnread = options.holdUnread;
    res.on('drain', () => this.#onDrain());
    res.on('close', () => this.#onClose());
    this.#socket.on('end', this.#onEnd);
    // Heartbeats keep the connection open too.
    if (!results.heartbeats) this.#pinger = setInterval(() => this.#ping(), options.pingMs);
  }

  /** Resolves when nothing more will be written. Never rejects. */
  static async send(
    res: ServerResponse,
    results: Results,
    framing: Framing,
    options: StreamPumpOptions,
  ): Promise<void> {
    const pump = new StreamPump(res, results, framing, options);
    // If the client left earlier, these events come no more.
    if (pump.#socket.readableEnded) res.destroy();
    if (res.destroyed || res.closed) pump.#onClose();
    else await pump.#run();
  }

  async #run(): Promise<void> {
    // A stream may be quiet for long, so the server's idle timeout must not end it. The drain timeout watches it.
    this.#res.setTimeout(0);
    openResponse(this.#res, this.#framing);
    try {
      for (let isFirst = true; ; isFirst = false) {
        const step = await this.#results.next();
        if (this.#gone) return;
        if (step.done) break;
        const bytes = this.#bytesOf(step.value, isFirst);
        if (this.#res.write(bytes)) continue;
        const release = isFirst ? this.#holdUnread?.(bytes.length) : undefined;
        await this.#untilWritable();
        release?.();
        if (this.#gone) return;
      }
      this.#release();
      this.#res.end(this.#framing.complete);
    } catch (error) {
      // The hub logs the streams that it cuts.
      if (!isCut(error)) this.#log.error({ err: error }, 'a stream failed');
      if (this.#gone) return;
      this.#release();
      this.#break();
    }
    // Bounds how long the end waits for a client that does not read it.
    this.#res.setTimeout(this.#drainTimeoutMs);
  }

  /** A comment follows the first message: some virus scanners hold an event back until more comes. */
  #bytesOf(result: Result, isFirst: boolean): Buffer {
    const bytes = this.#framing.next(result);
    return isFirst && !result.errors ? Buffer.concat([bytes, Buffer.from(this.#framing.ping)]) : bytes;
  }

  /**
   * Closes the connection when what is written has been sent. The last chunk of the body is missing then, so the
   * client knows that there is more. In HTTP/1.0 a body has no chunks, and only a reset says this. A connection with
   * TLS, in somebody else's server, can only close without TLS's own end.
   */
  #break(): void {
    if (this.#res.chunkedEncoding) this.#socket.destroySoon();
    else if ('encrypted' in this.#socket) this.#socket.write('', () => this.#socket.destroy());
    else this.#socket.write('', () => this.#socket.resetAndDestroy());
  }

  /** The results have ended: nothing here waits for them any more. */
  #release(): void {
    this.#ended = true;
    clearInterval(this.#pinger);
    this.#socket.off('end', this.#onEnd);
  }

  #untilWritable(): Promise<void> {
    this.#writable = Promise.withResolvers();
    this.#drainTimer = setTimeout(() => {
      this.#log.info({ reason: 'unread', afterMs: this.#drainTimeoutMs }, 'stream cut');
      this.#res.destroy();
    }, this.#drainTimeoutMs);
    return this.#writable.promise;
  }

  #onDrain(): void {
    if (this.#ended) return;
    clearTimeout(this.#drainTimer);
    this.#writable?.resolve();
    this.#writable = undefined;
  }

  /** A response without room needs no ping: what waits to be sent keeps the connection open. */
  #ping(): void {
    if (!this.#res.writableNeedDrain) this.#res.write(this.#framing.ping);
  }

  #onClose(): void {
    this.#gone = true;
    clearTimeout(this.#drainTimer);
    if (!this.#ended) {
      this.#release();
      this.#results.return?.().catch((error: unknown) => {
        this.#log.error({ err: error }, 'a stream could not be released');
      });
    }
    this.#writable?.resolve();
  }
}
