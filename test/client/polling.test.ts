import { once } from 'node:events';
import { createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { serveSignalbox } from '../http/support.ts';
import { heardIn, meets, open, reaches, statusesOf, tokenOf } from './support.ts';

/** A proxy that passes an answer on only when it is whole, as some virus scanners and company proxies do. */
async function bufferingProxy(target: string) {
  const { port } = new URL(target);
  const polls = { count: 0 };
  const streams = { count: 0 };
  const proxy = createServer(async (req, res) => {
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    if (body.includes('receive(')) polls.count += 1;
    if (body.includes('subscription')) streams.count += 1;
    const onward = request({
      port,
      host: '127.0.0.1',
      path: req.url,
      method: req.method,
      headers: req.headers,
    });
    res.on('close', () => onward.destroy());
    onward.on('error', () => res.destroy());
    onward.end(body);
    const [answer] = (await once(onward, 'response').catch(() => [])) as [IncomingMessage?];
    if (!answer) return;
    const whole: Buffer[] = [];
    try {
      for await (const chunk of answer) whole.push(chunk as Buffer);
      res.writeHead(answer.statusCode ?? 502, answer.headers).end(Buffer.concat(whole));
    } catch {
      res.destroy();
    }
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  onTestFinished(() => {
    proxy.closeAllConnections();
    proxy.close();
  });
  return { url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`, polls, streams, proxy };
}

test('where streams are held back, the client polls, and gets everything once and in order', async () => {
  const { url } = await serveSignalbox();
  const { url: held, polls, streams, proxy } = await bufferingProxy(url);
  const ben = await open(url, { username: 'ben' });
  const bensRoom = await ben.join('lobby');
  const ada = await open(held, { username: 'ada', patienceMs: 500 });
  expect(ada.status).toBe('connected');
  const adasRoom = await ada.join('lobby', { state: 'mine' });
  const [adasBen, bensAda] = await Promise.all([meets(adasRoom, 'ben'), meets(bensRoom, 'ada')]);
  expect([adasBen.wasHere, bensAda.wasHere, bensAda.state]).toEqual([true, false, 'mine']);
  const heard = heardIn(adasRoom);
  const gone: string[] = [];
  bensRoom.on('left', (_peer, reason) => gone.push(reason));
  const statuses = statusesOf(ada);
  for (let n = 0; n < 30; n++) {
    if (n % 10 === 5) proxy.closeAllConnections();
    await bensRoom.broadcast('n', n);
  }
  await expect.poll(() => heard.length).toBe(30);
  expect(heard).toEqual(Array.from({ length: 30 }, (_, n) => `ben: n ${n}`));
  await expect.poll(() => ada.status).toBe('resumed');
  expect(statuses).not.toContain('connected');
  expect(gone).toEqual([]);
  expect(polls.count).toBeGreaterThan(2);
  expect(streams.count).toBeGreaterThan(0);
  const left = bensRoom.once('left');
  ada.close();
  expect((await left)[1]).toBe('LEFT');
}, 60_000);

test('the client waits 5 seconds for the first event of a stream, and no longer', async () => {
  const { url } = await serveSignalbox();
  const { url: held } = await bufferingProxy(url);
  const since = performance.now();
  await open(held, { username: 'ada' });
  const took = performance.now() - since;
  expect(took).toBeGreaterThan(4900);
  expect(took).toBeLessThan(9000);
});

test('G9: a client that polls renews its token, and its session goes on', async () => {
  const { url } = await serveSignalbox();
  const { url: held } = await bufferingProxy(url);
  const ben = await open(url, { username: 'ben' });
  const bensRoom = await ben.join('lobby');
  const gone: string[] = [];
  bensRoom.on('left', (_peer, reason) => gone.push(reason));
  const ada = await open(held, { token: () => tokenOf('ada', 3), patienceMs: 300 });
  await ada.join('lobby');
  for (let turn = 0; turn < 2; turn++) await reaches(ada, 'renewed');
  await meets(bensRoom, 'ada');
  expect(gone).toEqual([]);
});
