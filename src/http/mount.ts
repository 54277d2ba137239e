import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { httpFaults } from '../errors.ts';
import { httpBounds } from './bounds.ts';
import { HttpError } from './http-error.ts';
import { type HttpOptions, Requests, type Responses } from './requests.ts';
import { below, targetOf } from './target.ts';

/** Passes a request on to what comes next in a framework. */
export type Next = (error?: unknown) => void;

/**
 * Answers a request of somebody else's server. With `next`, a request for a path that is not Signalbox's is passed on.
 * Resolves when the answer has ended or the request was passed on. Never rejects.
 */
export type Handler = (req: IncomingMessage, res: ServerResponse, next?: Next) => Promise<void>;

/** The HTTP side of Signalbox in somebody else's server, which has the connections and their timeouts. */
export interface Mount {
  readonly handler: Handler;
  /** From now on, each answer has `Connection: close`. */
  drain(): void;
  /** Refuses all further requests. Resolves when no answer is open, at the latest after `timeoutMs`. */
  close(timeoutMs: number): Promise<void>;
}

/** When TCP starts to ask a silent client whether it is still there. */
const tcpProbeDelayMs = 30_000;

/** `started`: every request waits for this. If it rejects, every request is refused. */
export function createMount(options: HttpOptions, started: Promise<void>): Mount {
  const { connections, ...bounds } = { ...httpBounds(options), ...options.bounds };
  // The server has bounds of its own. Its connections may also serve others than us.
  const unbounded = {
    maxConnections: Number.MAX_SAFE_INTEGER,
    maxConnectionsPerAddress: Number.MAX_SAFE_INTEGER,
    // The bytes of the other server's requests are not known.
    unfinishedHeads: { maxBytes: Number.MAX_SAFE_INTEGER, maxBytesPerKey: Number.MAX_SAFE_INTEGER },
  };
  const responses = new OpenResponses(started);
  const requests = new Requests(
    options,
    { ...bounds, connections: { ...connections, ...unbounded } },
    responses,
  );
  return {
    handler: async (req, res, next) => {
      const place = below(options.basePath ?? '/', targetOf(req).path);
      if (next && !(place !== undefined && requests.has(place))) {
        next();
        return;
      }
      const { promise, resolve } = Promise.withResolvers<void>();
      res.once('close', resolve);
      if (res.closed) return;
      if (req.httpVersionMajor > 1) {
        requests.refuse(res, new HttpError(httpFaults.httpVersion));
      } else {
        req.socket.setKeepAlive(true, tcpProbeDelayMs);
        requests.connections.adopt(req.socket);
        requests.begin(req, res);
      }
      await promise;
    },
    drain: () => responses.drain(),
    close: async (timeoutMs) => {
      await responses.close(timeoutMs);
      requests.stop();
    },
  };
}

/** The answers that are not sent yet. */
class OpenResponses implements Responses {
  readonly #open = new Set<ServerResponse>();
  #held: Promise<void> | undefined;
  #draining = false;
  #onIdle: (() => void) | undefined;

  constructor(started: Promise<void>) {
    this.#held = started.then(
      () => {
        this.#held = undefined;
      },
      () => {
        throw new HttpError(httpFaults.closed);
      },
    );
    // Each request that waits sees the rejection.
    this.#held.catch(() => undefined);
  }

  get held(): Promise<void> | undefined {
    return this.#held;
  }

  track(res: ServerResponse): void {
    if (this.#draining) res.setHeader('Connection', 'close');
    this.#open.add(res);
    res.once('close', () => {
      this.#open.delete(res);
      if (this.#open.size === 0) this.#onIdle?.();
    });
  }

  drain(): void {
    this.#draining = true;
    for (const res of this.#open) if (!res.headersSent) res.setHeader('Connection', 'close');
  }

  async close(timeoutMs: number): Promise<void> {
    this.drain();
    this.#held = Promise.reject(new HttpError(httpFaults.closed));
    this.#held.catch(() => undefined);
    if (this.#open.size === 0) return;
    const idle = Promise.withResolvers<void>();
    const timer = new AbortController();
    this.#onIdle = idle.resolve;
    await Promise.race([idle.promise, wait(timeoutMs, undefined, { signal: timer.signal })]);
    timer.abort();
    for (const res of this.#open) res.destroy();
  }
}
