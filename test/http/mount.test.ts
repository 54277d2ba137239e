import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { connect as connectHttp2, createServer as createHttp2Server } from 'node:http2';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import type { Engine } from '../../src/graphql/engine.ts';
import { httpBounds } from '../../src/http/bounds.ts';
import { createMount, type Handler } from '../../src/http/mount.ts';
import type { HttpOptions } from '../../src/http/requests.ts';
import { listen } from '../library/support.ts';
import { engineOf, heldEngine, httpOptions, TestResults, Wire } from './support.ts';

/** What the handler does in somebody else's server. */
function mountOf(engine: Engine, options: Partial<HttpOptions> = {}): Handler {
  const mount = createMount(httpOptions(engine, { basePath: '/signal', ...options }), Promise.resolve());
  onTestFinished(() => mount.close(0));
  return mount.handler;
}

const portOf = (url: string) => Number(new URL(url).port);
const request = (path: string, accept = '*/*') =>
  `GET ${path} HTTP/1.1\r\nHost: x\r\nAccept: ${accept}\r\n\r\n`;
const call = '/signal/graphql?query={a}';

/** A server with the handler at `/signal`, which answers each other path itself. */
function serverOf(handler: Handler, own = (res: ServerResponse) => void res.end('own')) {
  return createServer((req, res) => void handler(req, res, () => own(res)));
}

test('G8: in another server, a pipelined call waits for the one before it, also across its own requests', async () => {
  const { engine, asked, allow } = heldEngine({ data: { a: 1 } });
  const run = { count: 0 };
  const counting: Engine = {
    run: (...args) => {
      run.count += 1;
      return engine.run(...args);
    },
  };
  const url = await listen(serverOf(mountOf(counting)));
  const wire = (await Wire.open(portOf(url))).send(request(call) + request('/own') + request(call));
  await asked;
  // Another connection is not held up. When it is answered, the server had the time to begin the next call.
  expect(await (await fetch(url)).text()).toBe('own');
  expect(run.count).toBe(1);
  allow();
  await wire.until('own');
  await expect.poll(() => run.count).toBe(2);
  wire.socket.destroy();
});

test('G13: in another server, bytes of its own requests are no incomplete headers', async () => {
  const options = { maxStreams: 1000, maxDataBytes: 1024, trustProxy: 0 };
  const { connections } = httpBounds(options);
  const unfinishedHeads = { maxBytes: 1024, maxBytesPerKey: 1024 };
  const handler = mountOf(engineOf({ data: { a: 1 } }), {
    bounds: { connections: { ...connections, unfinishedHeads } },
  });
  const url = await listen(serverOf(handler));
  const wire = await Wire.open(portOf(url));
  await wire.send(request(call)).until('"a"');
  const upload = `POST /own HTTP/1.1\r\nHost: x\r\nContent-Length: 4096\r\n\r\n${'x'.repeat(4096)}`;
  await wire.send(upload).until('own');
  // Longer than the time between two counts.
  await sleep(600);
  await wire.send(request(call)).until('"a"', 2);
});

test('G8: in another server, a client that reads nothing of its stream is cut', async () => {
  const results = new TestResults();
  const options = { maxStreams: 1000, maxDataBytes: 1024, trustProxy: 0 };
  const bounds = httpBounds(options);
  const connections = { ...bounds.connections, writeTimeoutMs: 200 };
  const handler = mountOf(engineOf(results), { bounds: { connections } });
  const url = await listen(serverOf(handler));
  const wire = await Wire.open(portOf(url));
  wire.send(request(call, 'text/event-stream'));
  await wire.until('200 OK');
  wire.socket.pause();
  const large = { data: { a: 'x'.repeat(1024 * 1024) } };
  results.give(...Array.from({ length: 32 }, () => ({ ...large })));
  await results.released;
});

test("in another server, a client that reads nothing of the server's own answer is not cut", async () => {
  const options = { maxStreams: 1000, maxDataBytes: 1024, trustProxy: 0 };
  const connections = { ...httpBounds(options).connections, writeTimeoutMs: 50 };
  const handler = mountOf(engineOf({ data: { a: 1 } }), { bounds: { connections } });
  const bytes = 16 * 1024 * 1024;
  const url = await listen(serverOf(handler, (res) => void res.end(Buffer.alloc(bytes, 'x'))));
  const wire = await Wire.open(portOf(url));
  wire.send(request(call));
  await wire.until('{"data"');
  wire.send(request('/own'));
  await wire.until('xxxx');
  wire.socket.pause();
  // Several times the timeout, in which the sweeper looks at each connection.
  await new Promise((resolve) => setTimeout(resolve, 500));
  let read = 0;
  wire.socket.on('data', (text: string) => {
    read += text.length;
  });
  wire.socket.resume();
  await expect.poll(() => read).toBeGreaterThan(bytes / 2);
  expect(wire.socket.destroyed).toBe(false);
  wire.socket.destroy();
});

test('HTTP/2 is refused with a reason', async () => {
  const handler = mountOf(engineOf({ data: { a: 1 } }));
  const server = createHttp2Server((req, res) => void handler(req as never, res as never));
  const url = await listen(server);
  const session = connectHttp2(url);
  const stream = session.request({ ':path': call });
  const [headers] = await once(stream, 'response');
  expect(headers[':status']).toBe(505);
  expect(await stream.setEncoding('utf8').toArray()).toEqual([expect.stringContaining('HTTP/1.1 only')]);
  session.close();
});
