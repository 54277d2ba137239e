import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { httpBounds } from '../../src/http/bounds.ts';
import { engineOf, serve, Wire } from './support.ts';

const usual = httpBounds({ maxStreams: 1000, maxDataBytes: 1024, trustProxy: 0 });
const answer = engineOf({ data: { me: 'x' } });
const KiB = 1024;
const other = '127.0.0.2';
const health = 'GET /health HTTP/1.1\r\nHost: x\r\n\r\n';
const unfinished = (bytes: number) => `GET /health HTTP/1.1\r\nX: ${'x'.repeat(bytes)}`;
const body = JSON.stringify({ query: '{ me { id } }' });
const post = (type: string) =>
  `POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAccept: application/json\r\n${type}`;
const call = post(`Content-Length: ${body.length}\r\n\r\n${body}`);

function bounded(maxBytesPerKey: number, maxBytes = 1024 * KiB) {
  return { bounds: { connections: { ...usual.connections, unfinishedHeads: { maxBytes, maxBytesPerKey } } } };
}

/** Longer than the time between two counts. */
const countedMs = 600;

describe('G13: headers that are incomplete', () => {
  it('of one address close its connections that hold most, and no connection of another address', async () => {
    const { port } = await serve(answer, bounded(16 * KiB));
    const honest = await Wire.open(port, other);
    await honest.send(health).until('ok');
    honest.send(unfinished(2 * KiB));
    const small = await Wire.open(port);
    small.send(unfinished(1 * KiB));
    const large = [await Wire.open(port), await Wire.open(port)];
    for (const wire of large) wire.send(unfinished(12 * KiB));
    await Promise.race(large.map(({ closed }) => closed));
    await sleep(countedMs);
    expect(large.filter(({ socket }) => socket.destroyed)).toHaveLength(1);
    await honest.send('\r\nHost: x\r\n\r\n').until('HTTP/1.1 200', 2);
    await small.send('\r\nHost: x\r\n\r\n').until('HTTP/1.1 200');
  });

  it('of all addresses together close the connections that hold most', async () => {
    const { port } = await serve(answer, bounded(16 * KiB, 20 * KiB));
    const [small, large] = [await Wire.open(port), await Wire.open(port, other)];
    small.send(unfinished(9 * KiB));
    large.send(unfinished(12 * KiB));
    await large.closed;
    expect(small.socket.destroyed).toBe(false);
  });

  it('count also if they come behind a complete request in the same packet', async () => {
    const { port } = await serve(answer, bounded(16 * KiB));
    const wires = [await Wire.open(port), await Wire.open(port)];
    for (const wire of wires) wire.send(`${call}${unfinished(12 * KiB)}`);
    await Promise.race(wires.map(({ closed }) => closed));
  });

  it('are not counted on a kept connection whose requests are complete, however many it made', async () => {
    const { port } = await serve(answer, bounded(KiB));
    const wire = await Wire.open(port);
    for (let n = 1; n <= 100; n++) {
      await wire.send(call).until('"me"', n);
    }
    await sleep(countedMs);
    expect(wire.socket.destroyed).toBe(false);
  });

  const chunked = (text = body) =>
    `${post('Transfer-Encoding: chunked\r\n\r\n')}${text.length.toString(16)}\r\n${text}\r\n0\r\n\r\n`;

  it('count also if they come behind a body in chunks in the same packet', async () => {
    const { port } = await serve(answer, bounded(16 * KiB));
    const wires = [await Wire.open(port), await Wire.open(port)];
    for (const wire of wires) wire.send(`${chunked()}${unfinished(12 * KiB)}`);
    await Promise.race(wires.map(({ closed }) => closed));
  });

  it('are not confused with bodies in chunks, of which a kept connection has brought many', async () => {
    const { port } = await serve(answer, bounded(KiB));
    const wire = await Wire.open(port);
    for (let n = 1; n <= 100; n++) await wire.send(chunked()).until('"me"', n);
    await sleep(countedMs);
    expect(wire.socket.destroyed).toBe(false);
  });

  it('count also if a request without a body comes before them and a body in chunks came earlier', async () => {
    const { port } = await serve(answer, bounded(16 * KiB));
    const wires = [await Wire.open(port), await Wire.open(port)];
    for (const wire of wires) {
      await wire.send(chunked()).until('"me"');
      wire.send(`${health}${unfinished(12 * KiB)}`);
    }
    await Promise.race(wires.map(({ closed }) => closed));
  });

  it('count also behind requests whose headers have no spaces', async () => {
    const { port } = await serve(answer, bounded(16 * KiB));
    const wires = [await Wire.open(port), await Wire.open(port)];
    const dense = `GET /health HTTP/1.1\r\nHost:x\r\n${'a:\r\n'.repeat(90)}\r\n`;
    for (const wire of wires) {
      for (let n = 1; n <= 150; n++) await wire.send(dense).until('HTTP/1.1 200', n);
      wire.send(unfinished(12 * KiB));
    }
    await Promise.race(wires.map(({ closed }) => closed));
  });
});
