import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { Status } from '../../src/client/index.ts';
import { Box } from '../../src/client/index.ts';
import { serveSignalbox } from '../http/support.ts';
import { addressOf, heardIn, meets, open, reaches, statusesOf } from './support.ts';

/** A line to the server that can go dead: its connections stay open, and no byte comes any more. */
async function deadlyLine(target: string) {
  const open = new Set<Socket>();
  const proxy = createServer((socket) => {
    const onward = connect({ port: Number(new URL(target).port), host: '127.0.0.1' });
    for (const [from, to] of [
      [socket, onward],
      [onward, socket],
    ] as const) {
      open.add(from);
      from.pipe(to);
      from.on('error', () => to.destroy());
      from.on('close', () => open.delete(from));
    }
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  onTestFinished(() => {
    for (const socket of open) socket.destroy();
    proxy.close();
  });
  return {
    url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    /** What is open now is dead from now on. New connections work. */
    die() {
      for (const socket of open) socket.unpipe().pause();
    },
  };
}

test('G3: a connection on which no byte comes is given up, and the session goes on over another', async () => {
  const { url } = await serveSignalbox({ pingSeconds: 0.1 });
  const line = await deadlyLine(url);
  const ada = await open(line.url, { username: 'ada', silenceMs: 600 });
  const ben = await open(url, { username: 'ben' });
  const adasRoom = await ada.join('lobby');
  const bensRoom = await ben.join('lobby');
  await Promise.all([meets(adasRoom, 'ben'), meets(bensRoom, 'ada')]);
  const heard = heardIn(adasRoom);
  const statuses = statusesOf(ada);
  // A quiet stream is no dead one.
  await new Promise((resolve) => setTimeout(resolve, 1000));
  expect(statuses).toEqual([]);
  line.die();
  await bensRoom.broadcast('meanwhile');
  await reaches(ada, 'resumed');
  await expect.poll(() => heard).toEqual(['ben: meanwhile null']);
  expect(statuses).toEqual(['connecting', 'resumed']);
});

test('a stream on which nothing happens after its first event is not given up early', async () => {
  const { url } = await serveSignalbox({ pingSeconds: 60 });
  const ada = await open(url, { username: 'ada', patienceMs: 200 });
  await ada.join('lobby');
  const statuses = statusesOf(ada);
  await new Promise((resolve) => setTimeout(resolve, 1500));
  expect([ada.status, statuses]).toEqual(['connected', []]);
});

test('while the server is away, the client waits between attempts as long as Retry-After says', async () => {
  const { url } = await serveSignalbox();
  const real = globalThis.fetch;
  let refusedAt: number | undefined;
  vi.stubGlobal('fetch', (to: string, init: RequestInit) => {
    if (refusedAt !== undefined || !String(init.body).includes('subscription')) return real(to, init);
    refusedAt = performance.now();
    // As a proxy answers whose server is away.
    const errors = [{ message: 'Away.', extensions: { code: 'UNAVAILABLE', retryable: true } }];
    const headers = { 'Content-Type': 'application/json', 'Retry-After': '2' };
    return Promise.resolve(new Response(JSON.stringify({ errors }), { status: 503, headers }));
  });
  onTestFinished(() => void vi.unstubAllGlobals());
  const box = new Box([addressOf(url)], { username: 'ada', retryMs: () => 10 });
  onTestFinished(() => box.close());
  const statuses: Status[] = statusesOf(box);
  await box.connect();
  expect(performance.now() - (refusedAt ?? 0)).toBeGreaterThan(1900);
  expect(statuses).toEqual(['unavailable', 'connecting', 'connected']);
});

test('if a proxy sends a page in place of an answer, the client treats the server as away', async () => {
  const { url } = await serveSignalbox();
  const real = globalThis.fetch;
  let left = 2;
  vi.stubGlobal('fetch', (to: string, init: RequestInit) => {
    if (left === 0) return real(to, init);
    left -= 1;
    return Promise.resolve(new Response('<h1>502 Bad Gateway</h1>', { status: 502 }));
  });
  onTestFinished(() => void vi.unstubAllGlobals());
  const box = await open(url, { username: 'ada' });
  expect([box.status, left]).toEqual(['connected', 0]);
});
