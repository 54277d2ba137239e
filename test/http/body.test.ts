import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { Bodies } from '../../src/http/body.ts';
import { HttpError } from '../../src/http/http-error.ts';
import { engineOf, serve, Wire } from './support.ts';

/** A server that answers with the body it received, or with the reason for refusing it. Returns its port. */
async function serveBodies(bodies: Bodies): Promise<number> {
  const server = createServer(async (req, res) => {
    try {
      res.end(await bodies.read(req));
    } catch (error) {
      res.end(error instanceof HttpError ? `${error.status} ${error.code}` : String(error));
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

const head = (length: number) => `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${length}\r\n\r\n`;

it('G8: request bodies being received are bounded in total, and a body received in full no longer counts', async () => {
  const port = await serveBodies(new Bodies(100, 150));
  for (let i = 0; i < 3; i++) {
    const whole = (await Wire.open(port)).send(`${head(90)}${'a'.repeat(90)}`);
    await whole.until('aaa');
  }
  const slow = (await Wire.open(port)).send(`${head(100)}${'b'.repeat(90)}`);
  // The server reads connections in order: when it answers `small`, it has read the first part of `slow`.
  const small = (await Wire.open(port)).send(`${head(10)}${'c'.repeat(10)}`);
  await small.until('ccc');
  const another = (await Wire.open(port)).send(`${head(100)}${'d'.repeat(90)}`);
  await another.until('503 UNAVAILABLE');
  slow.send('b'.repeat(10));
  await slow.until('bbb');
  const later = (await Wire.open(port)).send(`${head(100)}${'e'.repeat(90)}`).send('e'.repeat(10));
  await later.until('eee');
});

it('G8: a server at its connection limit closes each further connection', async () => {
  const { http, port } = await serve(engineOf({ data: null }));
  expect(http.server.maxConnections, 'one connection per stream, and 10,000 more for calls').toBe(11_000);
  http.server.maxConnections = 1;
  const one = await Wire.open(port);
  const beyond = await Wire.open(port);
  expect(await beyond.toEnd()).toBe('');
  one.send('GET /health HTTP/1.1\r\nHost: x\r\n\r\n');
  await one.until('ok');
});
