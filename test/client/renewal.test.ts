import { SignJWT } from 'jose';
import { expect, onTestFinished, test, vi } from 'vitest';
import { Api } from '../../src/client/api.ts';
import { serveSignalbox } from '../http/support.ts';
import { open, reaches } from './support.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

test.each([
  ['right', 0, 59 * minuteMs],
  ['fast by 50 minutes', 50 * minuteMs, 9 * minuteMs],
  ['fast by five hours', 5 * hourMs, 7.5 * minuteMs],
  ['slow by five hours', -5 * hourMs, 59 * minuteMs],
])(
  'G9: a token of an hour is renewed in time, and not all the time, if the clock is %s',
  async (_clock, fastMs, expectedMs) => {
    const token = await new SignJWT()
      .setProtectedHeader({ alg: 'HS256' })
      .setIssuedAt()
      .setExpirationTime('1h')
      .sign(Buffer.alloc(32));
    const api = new Api(['http://localhost'], { token: () => token });
    await api.token();
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + fastMs });
    onTestFinished(() => void vi.useRealTimers());
    expect(Math.abs(api.renewInMs - expectedMs)).toBeLessThan(5000);
  },
);

test('G9: a guest who was offline for longer than its token lives comes back', async () => {
  const { url, http } = await serveSignalbox({ ttlSeconds: 2 });
  const ada = await open(url, { username: 'ada' });
  const back = reaches(ada, 'connected');
  let failed = 0;
  vi.stubGlobal('fetch', () => {
    failed += 1;
    return Promise.reject(new TypeError('offline'));
  });
  onTestFinished(() => void vi.unstubAllGlobals());
  http.server.closeAllConnections();
  await new Promise((resolve) => setTimeout(resolve, 2500));
  expect(failed).toBeGreaterThan(10);
  vi.unstubAllGlobals();
  await back;
  expect(ada.status).toBe('connected');
});
