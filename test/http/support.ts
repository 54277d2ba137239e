import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { connect } from 'node:net';
import type { ExecutionResult } from 'graphql';
import { type Logger, pino } from 'pino';
import { onTestFinished } from 'vitest';
import { Tokens } from '../../src/auth/tokens.ts';
import type { Services } from '../../src/graphql/context.ts';
import { createEngine, type Engine, type EngineOptions, type Results } from '../../src/graphql/engine.ts';
import { createHttp, type Http, type HttpOptions } from '../../src/http/http.ts';
import { MemoryHub } from '../../src/hub/memory/hub.ts';
import { Meters } from '../../src/limits/account.ts';

export const silent: Logger = pino({ level: 'silent' });

export interface Served {
  readonly http: Http;
  readonly url: string;
  readonly port: number;
}

/** A logger that keeps its lines in `lines`. */
export function recordingLog(lines: string[]): Logger {
  return pino({ level: 'debug' }, { write: (line) => lines.push(line) });
}

/** The options of an HTTP side with this engine and, unless a test gives others, small bounds. */
export function httpOptions(engine: Engine, options: Partial<HttpOptions> = {}): HttpOptions {
  return {
    engine,
    log: silent,
    pingSeconds: 60,
    maxDataBytes: 1024,
    maxStreams: 1000,
    trustProxy: 0,
    ready: () => true,
    ...options,
  };
}

/** Serves the given engine on a free port, until the test ends. */
export async function serve(engine: Engine, options: Partial<HttpOptions> = {}): Promise<Served> {
  const http = createHttp(httpOptions(engine, options));
  http.server.listen(0, '127.0.0.1');
  await once(http.server, 'listening');
  // Not `http.close()`, which gives clients time.
  onTestFinished(async () => {
    if (!http.server.listening) return;
    http.server.close();
    http.server.closeAllConnections();
    await once(http.server, 'close');
  });
  const { port } = http.server.address() as AddressInfo;
  return { http, port, url: `http://127.0.0.1:${port}/graphql` };
}

/** Serves the real engine with a `MemoryHub`, until the test ends. `tokenFor` makes a guest's token. */
export async function serveSignalbox({
  introspection = true,
  ttlSeconds = 60,
  iceServersFor = () => [],
  ...options
}: Partial<HttpOptions> &
  EngineOptions &
  Pick<Services, 'iceServersFor'> & { readonly ttlSeconds?: number } = {}): Promise<
  Served & { readonly hub: MemoryHub; tokenFor(username: string): Promise<string> }
> {
  const hub = new MemoryHub({
    log: silent,
    graceMs: 5_000,
    maxPeersPerRoom: 10,
    maxRoomsPerPeer: 10,
    maxRoomBytes: 1e6,
    maxStreams: 1000,
  });
  await hub.start();
  onTestFinished(() => hub.close());
  const tokens = new Tokens({ secret: Buffer.alloc(32, 7), ttlSeconds });
  const meters = new Meters({ peer: 0, address: 0 });
  const services = { hub, tokens, guestAccess: true, maxDataBytes: 1024, meters, iceServersFor };
  const engine = createEngine(services, silent, { introspection });
  const served = await serve(engine, options);
  return {
    ...served,
    hub,
    tokenFor: async (username) => (await tokens.issue(username)).token,
  };
}

/** Sends a GraphQL request as JSON. A string is sent as it is. */
export async function post(url: string, body: unknown, headers: Record<string, string> = {}) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return { response, status: response.status, body: (await response.json()) as ExecutionResult };
}

/** What `next` of a stream's results rejects with if the hub cuts the stream. */
export const cut = () => new DOMException('The stream was cut: backlog.', 'AbortError');

/** Results that a test gives one by one. They count how many were taken, and how often `return` was called. */
export class TestResults implements Results {
  readonly heartbeats: boolean;
  returned = 0;
  taken = 0;
  readonly #released = Promise.withResolvers<void>();
  readonly #queue: ExecutionResult[] = [];
  #end: { error?: unknown } | undefined;
  #wake: (() => void) | undefined;

  constructor(heartbeats = false) {
    this.heartbeats = heartbeats;
  }

  /** Resolves when the server calls `return`. */
  get released(): Promise<void> {
    return this.#released.promise;
  }

  give(...results: ExecutionResult[]): void {
    this.#queue.push(...results);
    this.#wake?.();
  }

  end(): void {
    this.#end = {};
    this.#wake?.();
  }

  fail(error: unknown): void {
    this.#end = { error };
    this.#wake?.();
  }

  async next(): Promise<IteratorResult<ExecutionResult, undefined>> {
    for (;;) {
      const value = this.#queue.shift();
      if (value) {
        this.taken++;
        return { done: false, value };
      }
      if (this.#end) {
        if ('error' in this.#end) throw this.#end.error;
        return { done: true, value: undefined };
      }
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
    }
  }

  async return(): Promise<IteratorResult<ExecutionResult, undefined>> {
    this.returned++;
    this.end();
    this.#released.resolve();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }
}

/** An engine that answers every request with `answer`. */
export function engineOf(answer: ExecutionResult | Results): Engine {
  return { run: async () => answer };
}

/** An engine that holds its answer back until `allow` is called. `asked` resolves when it has had a request. */
export function heldEngine(answer: ExecutionResult | Results) {
  const { promise: asked, resolve: ask } = Promise.withResolvers<void>();
  const { promise: allowed, resolve: allow } = Promise.withResolvers<void>();
  const engine: Engine = {
    run: async () => {
      ask();
      await allowed;
      return answer;
    },
  };
  return { engine, asked, allow };
}

/** Resolves when the connection closes, with or without an error. */
export function closing(socket: Socket): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.once('close', () => resolve());
  return promise;
}

/** A bare connection. It shows the bytes of the response. */
export class Wire {
  readonly socket: Socket;
  readonly closed: Promise<void>;
  /** The code of the error that ended the connection, such as `ECONNRESET`. */
  failure: string | undefined;
  #text = '';
  #more = Promise.withResolvers<void>();

  private constructor(socket: Socket) {
    this.socket = socket;
    this.closed = closing(socket);
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => {
      this.#text += text;
      this.#more.resolve();
      this.#more = Promise.withResolvers();
    });
    // Some tests wait until the server destroys the connection: `closed` tells them.
    socket.on('error', ({ code }: NodeJS.ErrnoException) => {
      this.failure = code;
      this.socket.destroy();
    });
  }

  /** `from`: the loopback address of the client. */
  static async open(port: number, from = '127.0.0.1'): Promise<Wire> {
    const socket = connect({ port, host: '127.0.0.1', localAddress: from });
    onTestFinished(() => void socket.destroy());
    await once(socket, 'connect');
    return new Wire(socket);
  }

  /** Everything received so far. */
  get text(): string {
    return this.#text;
  }

  /** Everything received after the headers. */
  get body(): string {
    return this.#text.slice(this.#text.indexOf('\r\n\r\n') + 4);
  }

  send(text: string): this {
    this.socket.write(text);
    return this;
  }

  /**
   * Asks for an event stream in HTTP/1.0, so that the body arrives without chunk headers.
   */
  subscribe(headers: readonly string[] = []): this {
    return this.send(
      [
        'GET /graphql?query=subscription%7Bmessages%7Bcursor%7D%7D HTTP/1.0',
        'Accept: text/event-stream',
        ...headers,
        '\r\n',
      ].join('\r\n'),
    );
  }

  /** Resolves when the text received so far contains `part` so many times. */
  async until(part: string, times = 1): Promise<void> {
    while (this.#text.split(part).length <= times) {
      if (this.socket.closed)
        throw new Error(
          `The connection closed before ${JSON.stringify(part)} arrived. Received: ${this.#text}`,
        );
      await Promise.race([this.#more.promise, this.closed]);
    }
  }

  /** Waits until the server closes the connection. Returns everything received. */
  async toEnd(): Promise<string> {
    await this.closed;
    return this.#text;
  }
}

/** Opens a bare connection. Returns the client's and the server's end. */
export async function openTo({ server }: Http, port: number): Promise<{ wire: Wire; serverSide: Socket }> {
  const connected = once(server, 'connection');
  const wire = await Wire.open(port);
  const [serverSide] = (await connected) as [Socket];
  return { wire, serverSide };
}
