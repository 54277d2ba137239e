import type { Server, ServerResponse } from 'node:http';
import { createServer, type Server as NetServer, type ServerOpts, type Socket } from 'node:net';
import { setImmediate as nextTurn, setTimeout as wait } from 'node:timers/promises';

/** How often to close the connections that have become idle, while the server closes. */
const sweepIntervalMs = 50;
/** How long the requests in flight may take, while the server closes. */
const closeTimeoutMs = 5_000;
/**
 * How long answers must have said `Connection: close` before the server closes idle connections. A client that makes
 * one call after the other on a kept connection then hears it from an answer, and not from a reset. A new connection
 * has the same time for its first request.
 */
const lastCallMs = 250;
/** How long no connection may come before the server stops listening, and how often it waits for such a time. */
const quietMs = 20;
const maxQuietTries = 25;

/** The listeners of a server, and the end of its connections: no call that was taken is lost (G11). */
export class Listeners {
  readonly #server: Server;
  readonly #options: ServerOpts;
  readonly #others: NetServer[] = [];
  /** The responses that have no headers yet, or are being sent. */
  readonly #open = new Set<ServerResponse>();
  /** The connections without a request so far, each with the time at which it opened. */
  readonly #unused = new Map<Socket, number>();
  #draining: Promise<void> | undefined;
  #held: Promise<void> | undefined;
  #accepted = 0;

  /** `options`: those of each socket, which the server has too. */
  constructor(server: Server, options: ServerOpts) {
    this.#server = server;
    this.#options = options;
    // Otherwise Node.js drops the request of a client that has closed its side and waits for the answer.
    Object.assign(server, { httpAllowHalfOpen: true });
    server.on('connection', (socket: Socket) => this.#accept(socket));
  }

  /** Another listener. The server takes its connections as its own. It does not listen yet. */
  add(): NetServer {
    const listener = createServer({ ...this.#options, allowHalfOpen: true });
    listener.maxConnections = this.#server.maxConnections;
    listener.on('connection', (socket) => this.#server.emit('connection', socket));
    listener.on('drop', (dropped) => this.#server.emit('drop', dropped));
    listener.on('error', (error) => {
      // Whoever lets it listen hears of a failure to. A later error is of a connection that could not be accepted.
      if (listener.listening) this.#server.emit('error', error);
    });
    this.#others.push(listener);
    return listener;
  }

  /** Each request waits for this before it is answered. Undefined if it need not wait. */
  get held(): Promise<void> | undefined {
    return this.#held;
  }

  /** To be called for each request, before it is answered. */
  track(res: ServerResponse): void {
    if (this.#draining) res.setHeader('Connection', 'close');
    this.#unused.delete(res.req.socket);
    this.#open.add(res);
    res.once('close', () => this.#open.delete(res));
  }

  /** From now on, each answer has `Connection: close`. Resolves when busy clients have got one. Idempotent. */
  drain(): Promise<void> {
    if (!this.#draining) {
      for (const res of this.#open) if (!res.headersSent) res.setHeader('Connection', 'close');
      this.#draining = wait(lastCallMs);
    }
    return this.#draining;
  }

  /** Accepts no more connections. Resolves when all open connections have ended, or were destroyed. */
  async close(): Promise<void> {
    await this.drain();
    const held = Promise.withResolvers<void>();
    this.#held = held.promise;
    await this.#quiet();
    const closed = Promise.all([this.#server, ...this.#others].map(closeListener));
    this.#held = undefined;
    held.resolve();
    // A turn reads all sockets before it comes here, so a connection that is idle now has no request that waits.
    const sweeper = setInterval(() => setImmediate(() => this.#closeIdle()), sweepIntervalMs);
    const limit = setTimeout(() => this.#server.closeAllConnections(), closeTimeoutMs);
    await closed;
    clearInterval(sweeper);
    clearTimeout(limit);
  }

  #accept(socket: Socket): void {
    this.#accepted++;
    this.#unused.set(socket, performance.now());
    socket.once('close', () => this.#unused.delete(socket));
  }

  #closeIdle(): void {
    this.#server.closeIdleConnections();
    const since = performance.now() - lastCallMs;
    for (const [socket, openedAt] of this.#unused) {
      if (socket.bytesRead === 0 && openedAt < since) socket.destroy();
    }
  }

  /**
   * Resolves at a moment when probably no connection waits to be accepted: the system resets those that wait when the
   * server stops listening. Requests are held meanwhile, so clients that make one call after the other wait for
   * their answers, and do not connect.
   */
  async #quiet(): Promise<void> {
    for (let tries = 0; tries < maxQuietTries; tries++) {
      this.#accepted = 0;
      await wait(quietMs);
      // The turn that ends here has read what came.
      await nextTurn();
      if (this.#accepted === 0) return;
    }
  }
}

/** Resolves when the listener and its connections are closed. */
function closeListener(listener: NetServer): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  // The callback gets an error if the server was not listening. It is closed then too.
  listener.close(() => resolve());
  return promise;
}
