import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { iceServersFrom } from '../../src/client/ice-servers.ts';

const minute = 60_000;
const start = Date.parse('2031-01-01T00:00:00Z');
const identity = { username: 'ada' };
const urls = ['turn:turn.example.org'];

let asked = 0;
let isAway = false;
/** How long a credential lives, in milliseconds, by the clock of the server; null: for ever. */
let lifeMs: number | null;
/** How far the clock of this machine is ahead of the server's, in milliseconds. */
let fastMs: number;

beforeEach(() => {
  [asked, isAway, lifeMs, fastMs] = [0, false, 10 * minute, 0];
  vi.useFakeTimers({ now: start });
});
afterEach(() => void vi.useRealTimers());

/** A server that names one TURN server. The user name says which answer it is from. */
async function ask() {
  asked += 1;
  if (isAway) throw new Error('The server cannot be reached.');
  const expiresAt = lifeMs === null ? null : new Date(Date.now() - fastMs + lifeMs).toISOString();
  return { iceServers: [{ urls, username: `n${asked}`, credential: 's3cret', expiresAt }] };
}

function configuration(n: number): RTCConfiguration {
  return {
    iceServers: [{ urls, username: `n${n}`, credential: 's3cret' }],
    iceTransportPolicy: 'all',
  };
}

test('credentials are renewed at half of their life while there are connections, which are told each time', async () => {
  const ice = iceServersFrom(identity, ask);
  const told: RTCConfiguration[] = [];
  expect(await ice.current()).toEqual(configuration(1));
  const forget = ice.follow((next) => told.push(next));
  await vi.advanceTimersByTimeAsync(5 * minute - 1);
  expect(asked).toBe(1);
  await vi.advanceTimersByTimeAsync(2);
  expect(told).toEqual([configuration(2)]);
  await vi.advanceTimersByTimeAsync(5 * minute);
  expect(told).toEqual([configuration(2), configuration(3)]);
  forget();
  await vi.advanceTimersByTimeAsync(60 * minute);
  expect(asked, 'without connections, the server is not asked').toBe(3);
  expect(await ice.current(), 'what has expired is not used').toEqual(configuration(4));
  expect(await ice.current(), 'what is fresh is used again').toEqual(configuration(4));
});

test('if the server is away, it is asked again every 5 seconds, and the last configuration is used meanwhile', async () => {
  const ice = iceServersFrom(identity, ask);
  await ice.current();
  const told: RTCConfiguration[] = [];
  ice.follow((next) => told.push(next));
  isAway = true;
  await vi.advanceTimersByTimeAsync(5 * minute);
  expect(await ice.current()).toEqual(configuration(1));
  await vi.advanceTimersByTimeAsync(21_000);
  expect(asked).toBe(6);
  isAway = false;
  await vi.advanceTimersByTimeAsync(5000);
  expect(told).toEqual([configuration(7)]);
});

test('connections that begin while the server is away get its servers when it is back', async () => {
  isAway = true;
  const ice = iceServersFrom(identity, ask);
  const told: RTCConfiguration[] = [];
  expect(await ice.current()).toEqual({ iceServers: [], iceTransportPolicy: 'all' });
  ice.follow((next) => told.push(next));
  isAway = false;
  await vi.advanceTimersByTimeAsync(5000);
  expect(told.at(-1)).toEqual(configuration(asked));
});

test('while the server is asked, further connections wait for the same answer', async () => {
  const ice = iceServersFrom(identity, ask);
  expect(await Promise.all([ice.current(), ice.current()])).toEqual([configuration(1), configuration(1)]);
});

test('credentials that do not expire are asked for again after 15 minutes', async () => {
  lifeMs = null;
  const ice = iceServersFrom(identity, ask);
  await ice.current();
  await vi.advanceTimersByTimeAsync(15 * minute - 1000);
  expect(await ice.current()).toEqual(configuration(1));
  await vi.advanceTimersByTimeAsync(1000);
  expect(await ice.current()).toEqual(configuration(2));
});

test.each([
  ['fast, so that credentials seem to have expired', 24 * 60],
  ['slow, so that credentials seem to live for longer', -24 * 60],
])('if the clock is %s, credentials are renewed after 15 minutes', async (_clock, fastMinutes) => {
  [fastMs, lifeMs] = [fastMinutes * minute, 60 * minute];
  const ice = iceServersFrom(identity, ask);
  await ice.current();
  ice.follow(() => undefined);
  await vi.advanceTimersByTimeAsync(15 * minute - 1000);
  expect(asked).toBe(1);
  await vi.advanceTimersByTimeAsync(2000);
  expect(asked).toBe(2);
});

test('servers that the page gives are used for ever, with its policy, and the server is not asked', async () => {
  const iceServers = [{ urls: 'stun:own.example.org' }];
  const ice = iceServersFrom({ ...identity, iceServers, iceTransportPolicy: 'relay' }, ask);
  ice.follow(() => undefined);
  await vi.advanceTimersByTimeAsync(60 * minute);
  expect(await ice.current()).toEqual({ iceServers, iceTransportPolicy: 'relay' });
  expect(asked).toBe(0);
});
