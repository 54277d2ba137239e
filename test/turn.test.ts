import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { help, readSettings } from '../src/settings.ts';
import { turnServerFor } from '../src/turn.ts';
import { ApiClient, access } from './support/client.ts';
import { complaint } from './support/complaint.ts';
import { startNode } from './support/node.ts';

const secret = 'north-wind-and-sun-2031';
const urls = ['turn:turn.example.org:3478?transport=udp', 'turns:turn.example.org'];
const set = { TURN_URLS: urls.join(', '), TURN_SECRET: secret };

test('TURN_URLS, TURN_SECRET and TURN_TTL_SECONDS are read from variables, and all but the secret from flags', () => {
  expect(readSettings({}, [])).toMatchObject({
    turnUrls: undefined,
    turnSecret: undefined,
    turnTtlSeconds: 3600,
  });
  const expected = { turnUrls: urls, turnSecret: secret, turnTtlSeconds: 60 };
  expect(readSettings({ ...set, TURN_TTL_SECONDS: '60' }, [])).toMatchObject(expected);
  const flags = ['--turn-urls', set.TURN_URLS, '--turn-ttl-seconds', '60'];
  expect(readSettings({ TURN_SECRET: secret }, flags)).toMatchObject(expected);
  expect(complaint(set, ['--turn-secret', secret])).toBe(
    'TURN_SECRET has no flag, because every user of the machine can see flags: set the variable TURN_SECRET.',
  );
  expect(help()).toContain('TURN_SECRET');
});

test.each(['turn.example.org', 'stun:a.example', 'turn:a b', 'turn:', 'turn:a,', 'turn:a?transport=tls'])(
  'TURN_URLS refuses %j in one line that says what it takes',
  (text) => {
    expect(complaint({ ...set, TURN_URLS: text })).toBe(
      `TURN_URLS is ${JSON.stringify(text)}; it takes TURN URLs such as turn:turn.example.org:3478, separated by commas.`,
    );
  },
);

test.each([
  'hunter2',
  'x'.repeat(32),
  'a text with spaces in it',
  'ключ от всех дверей',
  `${'0123456789'.repeat(26)}`,
])('TURN_SECRET refuses %j in one line that does not show it', (text) => {
  expect(complaint({ ...set, TURN_SECRET: text })).toBe(
    `TURN_SECRET is a text of ${text.length} characters; it takes 16 to 255 printable characters without spaces, ` +
      'at least 5 of them different: make one with `openssl rand -hex 32`.',
  );
});

test.each(['9', '0', '1h', '31536001'])('TURN_TTL_SECONDS refuses %j', (text) => {
  expect(complaint({ TURN_TTL_SECONDS: text })).toBe(
    `TURN_TTL_SECONDS is "${text}"; it takes a whole number from 10 to 31536000.`,
  );
});

test('the start is refused if only one of TURN_URLS and TURN_SECRET is set', () => {
  expect(complaint({ TURN_URLS: set.TURN_URLS })).toBe(
    'TURN_URLS is set, and TURN_SECRET is not: set both, or neither.',
  );
  expect(complaint({ TURN_SECRET: secret })).toBe(
    'TURN_SECRET is set, and TURN_URLS is not: set both, or neither.',
  );
});

test('a credential is the HMAC-SHA1 of its expiry and the peer’s id, as coturn checks it', () => {
  const now = Date.parse('2031-01-01T00:00:00.900Z');
  const server = turnServerFor('ada', { urls, secret, ttlSeconds: 600 }, now);
  const username = `${Date.parse('2031-01-01T00:10:00Z') / 1000}:ada`;
  expect(server).toEqual({
    urls,
    username,
    credential: createHmac('sha1', secret).update(username).digest('base64'),
    expiresAt: new Date('2031-01-01T00:10:00Z'),
  });
});

test.each([
  ['auth0|5f7', /^\d+:auth0%7C5f7$/],
  ["o'brien (x)*!", /^\d+:o%27brien%20%28x%29%2A%21$/],
  ['愛'.repeat(20), /^\d+:(?:%E6%84%9B){20}$/],
  ['愛'.repeat(128), /^\d+:sha256-[0-9a-f]{64}$/],
])(
  'the user name of peer %j has only characters that every TURN server takes, and is not too long',
  (id, expected) => {
    expect(turnServerFor(id, { urls, secret, ttlSeconds: 600 }).username).toMatch(expected);
  },
);

test('each client is given a credential of its own, after the servers of ICE_SERVERS, and no log has it', async () => {
  const env = { ...set, ICE_SERVERS: 'stun:stun.example.org', TURN_TTL_SECONDS: '600', LOG_LEVEL: 'trace' };
  await using node = await startNode({ env });
  const credentials: string[] = [];
  for (const name of ['ada', 'ben']) {
    const { token, peer } = await access(node.url, name);
    const query = '{ iceServers { urls username credential expiresAt } }';
    const { iceServers } = await new ApiClient(node.url, token).run<{
      iceServers: readonly Record<'username' | 'credential' | 'expiresAt', string>[];
    }>(query);
    const [stun, turn] = iceServers;
    expect(stun).toEqual({
      urls: ['stun:stun.example.org'],
      username: null,
      credential: null,
      expiresAt: null,
    });
    const expiry = Number.parseInt(turn?.username ?? '', 10) * 1000;
    expect(Math.abs(expiry - Date.now() - 600_000)).toBeLessThan(5000);
    expect(turn).toEqual({
      urls,
      username: `${expiry / 1000}:${peer.id}`,
      credential: expect.any(String),
      expiresAt: new Date(expiry).toISOString(),
    });
    credentials.push(turn?.credential ?? '');
  }
  expect(new Set(credentials).size).toBe(2);
  for (const text of [secret, ...credentials]) expect(node.output()).not.toContain(text);
});
