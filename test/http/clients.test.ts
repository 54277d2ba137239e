import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Http } from '../../src/http/http.ts';
import { EventStream } from '../../src/http/sse.ts';
import { closing, engineOf, serve, silent, TestResults, Wire } from './support.ts';

const page = 'x'.repeat(64 * 1024);
/** So short that one is not waited for, however full the socket is. */
const line = 'x'.repeat(4 * 1024);

/** An event stream alone, on a server of its own, with what a test wants to look at. */
async function serveStream(results: TestResults, drainMs: number) {
  const opened = Promise.withResolvers<ServerResponse>();
  const server = createServer((_req, res) => {
    opened.resolve(res);
    void EventStream.send(res, results, { log: silent, pingMs: 60_000, drainMs });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, opened: opened.promise };
}

/** A bare connection, and the server's end of it. */
async function openTo({ server }: Http, port: number): Promise<{ wire: Wire; serverSide: Socket }> {
  const connected = once(server, 'connection');
  const wire = await Wire.open(port);
  const [serverSide] = (await connected) as [Socket];
  return { wire, serverSide };
}

/** Results without end, which are there whenever the server takes one. */
class EndlessResults extends TestResults {
  override async next() {
    if (this.returned > 0) return { done: true as const, value: undefined };
    this.taken++;
    return { done: false as const, value: { data: { page } } };
  }
}

/** Results that end when the last of them has stuck, and did not wait for room. */
class FillingResults extends TestResults {
  readonly #res = Promise.withResolvers<ServerResponse>();

  fill(res: ServerResponse): void {
    this.#res.resolve(res);
  }

  override async next() {
    const { socket } = await this.#res.promise;
    // What is written in one turn goes out at its end.
    await nextTurn();
    if (socket?.writableLength) return { done: true as const, value: undefined };
    return { done: false as const, value: { data: { line } } };
  }
}

describe('a client that does not read', () => {
  it('G8: is waited for, while nothing piles up; when it leaves, its stream is let go of once', async () => {
    const results = new EndlessResults();
    const { http, port } = await serve(engineOf(results));
    const { wire, serverSide } = await openTo(http, port);
    wire.socket.pause();
    wire.subscribe();
    // The server takes a result in each turn in which there is room: a round trip without is the end.
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

  it('G8: is cut off when it has read nothing for too long', async () => {
    const results = new EndlessResults();
    const { port } = await serveStream(results, 20);
    const wire = await Wire.open(port);
    wire.socket.pause();
    wire.subscribe();
    await results.released;
    expect(results.returned).toBe(1);
  });

  it('G8: is not waited for at the end either', async () => {
    const results = new FillingResults();
    const { port, opened } = await serveStream(results, 20);
    const wire = await Wire.open(port);
    wire.socket.pause();
    wire.subscribe();
    const res = await opened;
    const closed = once(res, 'close');
    results.fill(res);
    await closed;
    expect(results.returned, 'they had ended').toBe(0);
    expect(res.writableFinished).toBe(false);
  });

  it('G8: is not waited for where it has an answer to read', async () => {
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

  it('is not one whose stream has nothing to say', async () => {
    const results = new TestResults();
    const { http, port } = await serve(engineOf(results));
    http.server.timeout = 10_000;
    const { wire, serverSide } = await openTo(http, port);
    wire.subscribe();
    results.give({ data: { a: 1 } });
    await wire.until('\n\n');
    expect(serverSide.timeout).toBe(0);
  });

  it('costs no listeners, however often it is waited for', async () => {
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

describe('a client that takes its time', () => {
  it('G8: is told so, and cut off, where its headers or its body do not come', async () => {
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

  it('G8: is cut off where it keeps a connection and asks for nothing more', async () => {
    const { http, port } = await serve(engineOf({ data: null }));
    expect(http.server.keepAliveTimeout, 'longer than load balancers keep theirs').toBe(65_000);
    http.server.keepAliveTimeout = 20;
    const wire = (await Wire.open(port)).send('GET /health HTTP/1.1\r\nHost: x\r\n\r\n');
    expect(await wire.toEnd()).toContain('{"status":"ok"}');
  });
});

describe('a client that leaves', () => {
  it('G4: lets its stream go, once', async () => {
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

  it('G4: lets its stream go where it left before there was one', async () => {
    const results = new TestResults();
    const asked = Promise.withResolvers<void>();
    const left = Promise.withResolvers<void>();
    const { http, port } = await serve({
      run: async () => {
        asked.resolve();
        await left.promise;
        return results;
      },
    });
    const { wire, serverSide } = await openTo(http, port);
    wire.subscribe();
    await asked.promise;
    const closed = closing(serverSide);
    wire.socket.destroy();
    await closed;
    left.resolve();
    await results.released;
    expect(results.returned).toBe(1);
    expect(results.taken).toBe(0);
  });

  it('while its request runs is not answered, and nobody else is troubled', async () => {
    const asked = Promise.withResolvers<void>();
    const left = Promise.withResolvers<void>();
    const { http, port } = await serve({
      run: async () => {
        asked.resolve();
        await left.promise;
        return { data: { a: 1 } };
      },
    });
    const { wire, serverSide } = await openTo(http, port);
    wire.send('GET /graphql?query=a HTTP/1.1\r\nHost: x\r\n\r\n');
    await asked.promise;
    const closed = closing(serverSide);
    wire.socket.destroy();
    await closed;
    left.resolve();
    expect((await fetch(`http://127.0.0.1:${port}/health`)).status).toBe(200);
  });

  it('in the middle of its body leaves the server as it was', async () => {
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

describe('closing', () => {
  it('G11: answers those in flight, and lets idle connections go', async () => {
    const asked = Promise.withResolvers<void>();
    const answered = Promise.withResolvers<void>();
    const { http, port } = await serve({
      run: async () => {
        asked.resolve();
        await answered.promise;
        return { data: { a: 1 } };
      },
    });
    const idle = await Wire.open(port);
    idle.send('GET /health HTTP/1.1\r\nHost: x\r\n\r\n');
    await idle.until('ok');
    const busy = await Wire.open(port);
    busy.send('GET /graphql?query=a HTTP/1.1\r\nHost: x\r\n\r\n');
    await asked.promise;
    const closed = http.close();
    await idle.closed;
    answered.resolve();
    expect(await busy.toEnd()).toContain('{"data":{"a":1}}');
    await closed;
    expect(http.server.listening).toBe(false);
  });
});
