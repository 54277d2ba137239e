import { expect, onTestFinished, test, vi } from 'vitest';
import type { SignalboxError } from '../../src/client/index.ts';
import { serveSignalbox } from '../http/support.ts';
import { heardIn, meets, open, statusesOf, tokenOf } from './support.ts';

/** Counts the streams that are opened from now on. */
function countStreams(): { readonly count: number } {
  const opened = { count: 0 };
  const real = globalThis.fetch;
  vi.stubGlobal('fetch', (url: string, init: RequestInit) => {
    if (String(init.body).includes('subscription')) opened.count += 1;
    return real(url, init);
  });
  onTestFinished(() => void vi.unstubAllGlobals());
  return opened;
}

test('two parts of a page that share a client share its stream, and a room', async () => {
  const { url } = await serveSignalbox();
  const ben = await open(url, { username: 'ben' });
  const bensRoom = await ben.join('lobby');
  const streams = countStreams();
  const token = await tokenOf('ada', 600);
  const ada = await open(url, { token: () => token });
  await ada.connect();
  const [one, other] = await Promise.all([ada.join('lobby'), ada.join('lobby')]);
  expect(other).toBe(one);
  await meets(bensRoom, 'ada');
  const heard = [heardIn(one), heardIn(other)];
  await meets(one, 'ben');
  await bensRoom.broadcast('hello');
  await expect.poll(() => heard).toEqual([['ben: hello null'], ['ben: hello null']]);
  expect(streams.count).toBe(1);
});

test('G5: of two clients with one token, the older is told why it stops, and they do not take turns', async () => {
  const { url } = await serveSignalbox();
  const token = await tokenOf('ada', 600);
  const older = await open(url, { token: () => token });
  const error = older.once('error') as Promise<[SignalboxError]>;
  const streams = countStreams();
  const newer = await open(url, { token: () => token });
  const statuses = statusesOf(newer);
  expect(await error).toMatchObject([
    { code: 'REPLACED', message: expect.stringContaining('another part of this page') },
  ]);
  expect(older.status).toBe('replaced');
  // A client that came back by itself would do so within 50 ms.
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect([statuses, streams.count]).toEqual([[], 1]);
});
