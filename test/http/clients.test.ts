import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { sse } from '../../src/http/sse.ts';
import { StreamPump } from '../../src/http/stream-pump.ts';
import {
  closing,
  engineOf,
  heldEngine,
  openTo,
  recordingLog,
  serve,
  silent,
  TestResults,
  Wire,
} from './support.ts';

const page = 'x'.repeat(64 * 1024);
/** Below the socket's high-water mark: the server does not wait after writing one line. */
const line = 'x'.repeat(4 * 1024);

/** One event stream on its own HTTP server. `opened` resolves with the server's side of the response. */
async function serveStream(results: TestResults, drainTimeoutMs: number, log = silent) {
  const opened = Promise.withResolvers<ServerResponse>();
  const server = createServer((_req, res) => {
    opened.resolve(res);
    void StreamPump.send(res, results, sse, { log, pingMs: 60_000, drainTimeoutMs });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, opened: opened.promise };
}

/** Endless results: the next one is always ready. */
class EndlessResults extends TestResults {
  override async next() {
    if (this.returned > 0) return { done: true as const, value: undefined };
    this.taken++;
    return { done: false as const, value: { data: { page } } };
  }
}

/** Results that end once a line stays in the socket's buffer: the stream is over, but its client has not read the end. */
class FillingResults extends TestResults {
  readonly #res = Promise.withResolvers<ServerResponse>();

  fill(res: ServerResponse): void {
    this.#res.resolve(res);
  }

  override async next() {
    const { socket } = await this.#res.promise;
    // A socket sends data at the end of the turn in which it was written.
    await nextTurn();
    if (socket?.writableLength) return { done: true as const, value: undefined };
    return { done: false as const, value: { data: { line } } };
  }
}

describe('a client that does not read', () => {
  it('G8: a client that does not read stops its own stream without filling memory; when it leaves, its results are released once', async () => {
    const results = new EndlessResults();
    const { http, port } = await serve(engineOf(results));
    const { wire, serverSide } = await openTo(http, port);
    wire.socket.pause();
    wire.subscribe();
    // The server takes a result in each turn in which the socket has room. If it takes none during a round trip,
    // the socket is full.
    let taken: number;
    do {
      taken = results.taken;
      await (await fetch(`http://127.0.0.1:${port}/health`)).text();
    } while (taken === 0 || results.taken > taken);
    expect(serverSide.writableLength).toBeLessThan(4 * page.length);
    const closed = closing(serverSide);
    wire.socket.destroy();
    await Promise.all([closed, results.released]);
    expect(results.returned).toBe(1);
    expect(results.taken).toBeLessThanOrEqual(taken + 1);
  });

  it('G8: a client that has read nothing for the drain timeout is disconnected, and the log says why', async () => {
    const results = new EndlessResults();
    const lines: string[] = [];
    const { port } = await serveStream(results, 20, recordingLog(lines));
    const wire = await Wire.open(port);
    wire.socket.pause();
    wire.subscribe();
    await results.released;
    expect(results.returned).toBe(1);
    expect(lines.map((line) => JSON.parse(line))).toContainEqual(
      expect.objectContaining({ msg: 'stream cut', reason: 'unread' }),
    );
  });

  it('G8: a client that does not read is disconnected also after the last event of its stream', async () => {
    const results = new FillingResults();
    const { port, opened } = await serveStream(results, 20);
    const wire = await Wire.open(port);
    wire.socket.pause();
    wire.subscribe();
    const res = await opened;
    const closed = once(res, 'close');
    results.fill(res);
    await closed;
    expect(results.returned, 'the results had ended by themselves').toBe(0);
    expect(res.writableFinished).toBe(false);
  });

  it('G8: a client that does not read its response is disconnected at the socket timeout', async () => {
    const { http, port } = await serve(engineOf({ data: { page: page.repeat(200) } }));
    expect(http.server.timeout).toBe(30_000);
    http.server.timeout = 50;
    const { wire, serverSide } = await openTo(http, port);
    const closed = closing(serverSide);
    wire.socket.pause();
    wire.send('GET /graphql?query=%7Bpage%7D HTTP/1.1\r\nHost: here\r\nAccept: application/json\r\n\r\n');
    await closed;
    wire.socket.resume();
    expect((await wire.toEnd()).length).toBeLessThan(200 * page.length);
  });

  it('a quiet stream has no socket timeout: its client is not taken for one that does not read', async () => {
    const results = new TestResults();
    const { http, port } = await serve(engineOf(results));
    http.server.timeout = 10_000;
    const { wire, serverSide } = await openTo(http, port);
    wire.subscribe();
    results.give({ data: { a: 1 } });
    await wire.until('\n\n');
    expect(serverSide.timeout).toBe(0);
  });

  it('a stream that waits for its client 50 times does not accumulate listeners', async () => {
    const results = new EndlessResults();
    const { port, opened } = await serveStream(results, 10_000);
    const wire = (await Wire.open(port)).subscribe();
    const res = await opened;
    for (let drained = 0; drained < 50; drained++) await once(res, 'drain');
    expect(res.listenerCount('drain')).toBe(1);
    expect(res.listenerCount('close')).toBeLessThan(5);
    wire.socket.destroy();
    await results.released;
  });
});

describe('a slow client', () => {
  it('G8: a client whose headers or body do not arrive in time gets 408 and is disconnected', async () => {
    const { http, port } = await serve(engineOf({ data: null }));
    const { server } = http;
    expect([server.headersTimeout, server.requestTimeout]).toEqual([10_000, 30_000]);
    server.headersTimeout = 50;
    server.requestTimeout = 100;
    const head = 'POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n';
    const silent = await Wire.open(port);
    const slow = (await Wire.open(port)).send(head);
    const bodiless = (await Wire.open(port)).send(`${head}Content-Length: 99\r\n\r\n{`);
    for (const wire of [silent, slow, bodiless]) {
      expect(await wire.toEnd()).toBe(
        'HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n',
      );
    }
  });

  it('G8: a client that keeps a connection without sending requests is disconnected', async () => {
    const { http, port } = await serve(engineOf({ data: null }));
    expect(http.server.keepAliveTimeout, 'longer than load balancers keep idle connections').toBe(65_000);
    http.server.keepAliveTimeout = 20;
    const wire = (await Wire.open(port)).send('GET /health HTTP/1.1\r\nHost: x\r\n\r\n');
    expect(await wire.toEnd()).toContain('{"status":"ok"}');
  });
});

describe('a client that leaves', () => {
  it('G4: when a client leaves, its results are released once', async () => {
    const results = new TestResults();
    const { port } = await serve(engineOf(results));
    const wire = (await Wire.open(port)).subscribe();
    results.give({ data: { a: 1 } });
    await wire.until('\n\n');
    wire.socket.destroy();
    await results.released;
    await (await fetch(`http://127.0.0.1:${port}/health`)).text();
    expect(results.returned).toBe(1);
  });

  it('G4: when a client leaves before its stream begins, the results are released and none is taken', async () => {
    const results = new TestResults();
    const { engine, asked, allow } = heldEngine(results);
    const { http, port } = await serve(engine);
    const { wire, serverSide } = await openTo(http, port);
    wire.subscribe();
    await asked;
    const ended = once(serverSide, 'end');
    wire.socket.destroy();
    await ended;
    allow();
    await results.released;
    expect(results.returned).toBe(1);
    expect(results.taken).toBe(0);
  });

  it('the server goes on serving when a client leaves while its request runs', async () => {
    const { engine, asked, allow } = heldEngine({ data: { a: 1 } });
    const { http, port } = await serve(engine);
    const { wire, serverSide } = await openTo(http, port);
    wire.send('GET /graphql?query=a HTTP/1.1\r\nHost: x\r\n\r\n');
    await asked;
    const ended = once(serverSide, 'end');
    wire.socket.destroy();
    await ended;
    allow();
    expect((await fetch(`http://127.0.0.1:${port}/health`)).status).toBe(200);
  });

  it('the server goes on serving, and runs no request, when a client leaves in the middle of its body', async () => {
    let ran = 0;
    const { http, port } = await serve({
      run: async () => {
        ran++;
        return { data: { ran } };
      },
    });
    const { wire, serverSide } = await openTo(http, port);
    wire.send(
      'POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{',
    );
    await once(http.server, 'request');
    const closed = closing(serverSide);
    wire.socket.destroy();
    await closed;
    const response = await fetch(`http://127.0.0.1:${port}/graphql?query=a`);
    expect(await response.json()).toEqual({ data: { ran: 1 } });
  });
});

describe('closing the server', () => {
  it('G11: a server that closes answers the requests in flight and closes idle connections', async () => {
    const { engine, asked, allow } = heldEngine({ data: { a: 1 } });
    const { http, port } = await serve(engine);
    const idle = await Wire.open(port);
    idle.send('GET /health HTTP/1.1\r\nHost: x\r\n\r\n');
    await idle.until('ok');
    const busy = await Wire.open(port);
    busy.send('GET /graphql?query=a HTTP/1.1\r\nHost: x\r\n\r\n');
    await asked;
    const closed = http.close();
    await idle.closed;
    allow();
    expect(await busy.toEnd()).toContain('{"data":{"a":1}}');
    await closed;
    expect(http.server.listening).toBe(false);
  });
});

describe('streams whose first event is large', () => {
  const MiB = 1024 * 1024;

  it('G8: first events that nobody reads count for their address: beyond its share, the oldest stream is cut', async () => {
    // More than TCP's buffers take, by far.
    const rooms = 'x'.repeat(16 * MiB);
    const all: TestResults[] = [];
    const { http, port } = await serve(
      {
        async run() {
          const results = new TestResults();
          results.give({ data: { rooms } });
          all.push(results);
          return results;
        },
      },
      { bounds: { answers: { maxBytes: 64 * MiB, maxBytesPerKey: 40 * MiB } } },
    );
    const open = async () => {
      const { wire, serverSide } = await openTo(http, port);
      wire.socket.pause();
      wire.subscribe();
      const index = all.length;
      await expect.poll(() => all[index]?.taken).toBe(1);
      return { wire, serverSide };
    };
    const [first, second] = [await open(), await open()];
    await open();
    await expect.poll(() => first.serverSide.destroyed).toBe(true);
    expect(second.serverSide.destroyed).toBe(false);

    // What is read does not count any more.
    second.wire.socket.resume();
    await second.wire.until('\n\n:\n\n');
    await open();
    expect(second.serverSide.destroyed).toBe(false);
  });
});
