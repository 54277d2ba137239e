import { EventEmitter, once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it, onTestFinished } from 'vitest';
import { Bodies, type BodiesBounds } from '../../src/http/body.ts';
import { HttpError } from '../../src/http/http-error.ts';
import { Wire } from './support.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const KiB = 1024;
const roomy = { maxBytes: 1e6, maxBytesPerKey: 1e6 };

/**
 * A server that answers with the size of the body it received, or with the reason for refusing it. The header
 * `From` names the address. Returns its port.
 */
async function serveBodies(bounds: Partial<BodiesBounds>): Promise<number> {
  const bodies = new Bodies({ maxBytes: 100 * KiB, small: roomy, large: roomy, ...bounds });
  const server = createServer(async (req, res) => {
    try {
      const text = await bodies.read(req, res, String(req.headers.from));
      res.end(`got ${text?.length}`);
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

/** Sends a part of a body that has `length` bytes. */
async function send(port: number, from: string, length: number, part = length): Promise<Wire> {
  const head = `POST / HTTP/1.1\r\nHost: x\r\nFrom: ${from}\r\nContent-Length: ${length}\r\n\r\n`;
  return (await Wire.open(port)).send(head + 'a'.repeat(part));
}

/** Resolves when the server has read what was sent before: it reads connections in order. */
async function caughtUp(port: number): Promise<void> {
  await (await send(port, 'barrier', 1)).until('got 1');
}

it('G8: request bodies being received are bounded in total, and a body received in full no longer counts', async () => {
  const port = await serveBodies({ large: { maxBytes: 60 * KiB, maxBytesPerKey: 60 * KiB } });
  for (let n = 0; n < 3; n++) await (await send(port, 'ann', 40 * KiB)).until('got');
  const slow = await send(port, 'ann', 40 * KiB, 39 * KiB);
  await caughtUp(port);
  const another = await send(port, 'ann', 40 * KiB, 39 * KiB);
  await slow.until('503 UNAVAILABLE');
  another.send('a'.repeat(KiB));
  await another.until(`got ${40 * KiB}`);
});

it('G13: unfinished large bodies, however many, do not keep out a small one', async () => {
  const port = await serveBodies({ large: { maxBytes: 60 * KiB, maxBytesPerKey: 60 * KiB } });
  for (let n = 0; n < 20; n++) await send(port, 'ann', 60 * KiB, 59 * KiB);
  await caughtUp(port);
  const slow = await send(port, 'ann', 16 * KiB, 8 * KiB);
  await caughtUp(port);
  slow.send('a'.repeat(8 * KiB));
  await slow.until(`got ${16 * KiB}`);
});

it('G13: at the bound, the address that holds most loses its oldest unfinished body', async () => {
  const port = await serveBodies({ large: { maxBytes: 100 * KiB, maxBytesPerKey: 90 * KiB } });
  const first = await send(port, 'ann', 40 * KiB, 39 * KiB);
  await caughtUp(port);
  const second = await send(port, 'ann', 40 * KiB, 39 * KiB);
  await caughtUp(port);
  await (await send(port, 'ben', 30 * KiB)).until(`got ${30 * KiB}`);
  await first.until('503 UNAVAILABLE');
  second.send('a'.repeat(KiB));
  await second.until(`got ${40 * KiB}`);
});

it('G13: unfinished small bodies are bounded too, and a new one finds room', async () => {
  const port = await serveBodies({ small: { maxBytes: 30 * KiB, maxBytesPerKey: 20 * KiB } });
  const slow = await send(port, 'ann', 16 * KiB, 15 * KiB);
  await caughtUp(port);
  await caughtUp(port);
  const another = await send(port, 'ann', 16 * KiB, 15 * KiB);
  await slow.until('503 UNAVAILABLE');
  await (await send(port, 'ann', 16 * KiB)).until(`got ${16 * KiB}`);
  await another.send('a'.repeat(KiB)).until(`got ${16 * KiB}`);
});

it('G8: a body that comes a byte at a time takes little more memory than its bytes', async () => {
  const port = await serveBodies({});
  const used = () => process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers;
  const chunk = '1\r\na\r\n';
  const wires: Wire[] = [];
  const sendChunks = async (count: number) => {
    const wire = await Wire.open(port);
    wires.push(wire.send('POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n'));
    wire.send(chunk.repeat(count));
    await caughtUp(port);
  };
  for (let n = 0; n < 2; n++) await sendChunks(100);
  collectGarbage();
  const before = used();
  for (let n = 0; n < 4; n++) await sendChunks(20_000);
  collectGarbage();
  // Each part by itself would make it 17 MB.
  expect(used() - before).toBeLessThan(4e6);
  for (const wire of wires) wire.send('0\r\n\r\n');
  await Promise.all(wires.slice(2).map((wire) => wire.until('got 20000')));
});

it('G13: a body that comes a byte at a time is charged for the time that this takes', async () => {
  const charged: number[] = [];
  const bodies = new Bodies({ maxBytes: 1e6, small: roomy, large: roomy }, (_address, bytes) => {
    charged.push(bytes);
  });
  const whole = Object.assign(Readable.from([Buffer.from('abcdef')]), { headers: {} });
  const inParts = Object.assign(Readable.from([...'abcdef'].map((text) => Buffer.from(text))), {
    headers: {},
  });
  for (const req of [whole, inParts]) {
    const text = await bodies.read(
      req as unknown as IncomingMessage,
      new EventEmitter() as ServerResponse,
      'ann',
    );
    expect(text).toBe('abcdef');
  }
  expect(charged).toEqual([6 + 64, 6 + 6 * 64]);
});
