import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { Bodies } from '../../src/http/body.ts';
import { Refusal } from '../../src/http/refusal.ts';
import { engineOf, serve, Wire } from './support.ts';

/** A server that answers with the body that it was sent, or with why it did not take it. */
async function serveBodies(bodies: Bodies): Promise<number> {
  const server = createServer(async (req, res) => {
    try {
      res.end(await bodies.read(req));
    } catch (error) {
      res.end(error instanceof Refusal ? `${error.httpStatus} ${error.code}` : String(error));
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

it('G8: all bodies that are still coming have a bound, and those that have come are no part of it', async () => {
  const port = await serveBodies(new Bodies(100, 150));
  for (let i = 0; i < 3; i++) {
    const whole = (await Wire.open(port)).send(`${head(90)}${'a'.repeat(90)}`);
    await whole.until('aaa');
  }
  const slow = (await Wire.open(port)).send(`${head(100)}${'b'.repeat(90)}`);
  // It is behind the slow one's, so that is read before it.
  const small = (await Wire.open(port)).send(`${head(10)}${'c'.repeat(10)}`);
  await small.until('ccc');
  const another = (await Wire.open(port)).send(`${head(100)}${'d'.repeat(90)}`);
  await another.until('503 UNAVAILABLE');
  slow.send('b'.repeat(10));
  await slow.until('bbb');
  const later = (await Wire.open(port)).send(`${head(100)}${'e'.repeat(90)}`).send('e'.repeat(10));
  await later.until('eee');
});

it('G8: a server has so many connections, and closes what comes beyond', async () => {
  const { http, port } = await serve(engineOf({ data: null }));
  expect(http.server.maxConnections, 'as many as streams, and some thousands for calls').toBe(11_000);
  http.server.maxConnections = 1;
  const one = await Wire.open(port);
  const beyond = await Wire.open(port);
  expect(await beyond.toEnd()).toBe('');
  one.send('GET /health HTTP/1.1\r\nHost: x\r\n\r\n');
  await one.until('ok');
});
