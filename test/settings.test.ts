import { describe, expect, test } from 'vitest';
import { parseRedisUrl } from '../src/hub/redis/connect/url.ts';
import { help, readCommand, readSettings } from '../src/settings.ts';
import { complaint } from './support/complaint.ts';
import { httpCases, type SettingCase } from './support/setting-cases.ts';

const secret = 'correct horse battery staple 123';
const onRedis = { REDIS_URL: 'redis://localhost:6379', TOKEN_SECRET: secret };

const proxies = { fallback: 0, good: { 2: 2 }, bad: ['17', '-1'], takes: 'a whole number from 0 to 16' };
const numbers = { good: { 0: 0, 0.01: 0.01, 1000: 1000 }, bad: ['0.001', '1001', '-1', 'off'] };
const factor = { ...numbers, fallback: 1, takes: '0, or a number from 0.01 to 1000' };

const cases: readonly SettingCase[] = [
  {
    key: 'port',
    variable: 'PORT',
    flag: '--port',
    fallback: 4000,
    good: { 0: 0, 8080: 8080, 65535: 65535 },
    bad: ['-1', '65536', '80a', '1e3', '0x10', '4000.5', ' '],
    takes: 'a whole number from 0 to 65535',
  },
  {
    key: 'host',
    variable: 'HOST',
    flag: '--host',
    fallback: 'localhost',
    good: { '0.0.0.0': '0.0.0.0', '::1': '::1', 'node-1.internal': 'node-1.internal' },
    bad: ['http://localhost', 'two words'],
    takes: 'a host name or an IP address',
  },
  ...httpCases,
  {
    key: 'redisPrefix',
    variable: 'REDIS_PREFIX',
    flag: '--redis-prefix',
    fallback: 'signalbox',
    good: { 'a.b:c-d_1': 'a.b:c-d_1', ['x'.repeat(64)]: 'x'.repeat(64) },
    bad: ['{tag}', 'a b', 'x'.repeat(65)],
    takes: '1 to 64 letters, digits or any of _ . : -',
  },
  {
    key: 'tokenTtlSeconds',
    variable: 'TOKEN_TTL_SECONDS',
    flag: '--token-ttl-seconds',
    fallback: 3600,
    good: { 1: 1, 86400: 86400 },
    bad: ['0', '-5', '1h', '0.5', '31536001'],
    takes: 'a whole number from 1 to 31536000',
  },
  {
    key: 'guestAccess',
    variable: 'GUEST_ACCESS',
    flag: '--guest-access',
    fallback: true,
    good: { true: true, false: false },
    bad: ['yes', '1', 'TRUE'],
    takes: 'true or false',
  },
  {
    key: 'graceSeconds',
    variable: 'GRACE_SECONDS',
    flag: '--grace-seconds',
    fallback: 15,
    good: { 1: 1, 0.5: 0.5, 3600: 3600 },
    bad: ['0', '-1', '3601', 'soon', '1s', 'Infinity', 'NaN', 'a\nb'],
    takes: 'a number of seconds from 0.1 to 3600',
  },
  {
    key: 'pingSeconds',
    variable: 'PING_SECONDS',
    flag: '--ping-seconds',
    fallback: 12,
    good: { 1: 1, 0.2: 0.2, 300: 300 },
    bad: ['0', '301', 'often'],
    takes: 'a number of seconds from 0.1 to 300',
  },
  {
    key: 'maxPeersPerRoom',
    variable: 'MAX_PEERS_PER_ROOM',
    flag: '--max-peers-per-room',
    fallback: 1000,
    good: { 2: 2, 100000: 100000 },
    bad: ['0', '1.5', 'many', '100001'],
    takes: 'a whole number from 1 to 100000',
  },
  {
    key: 'maxRoomsPerPeer',
    variable: 'MAX_ROOMS_PER_PEER',
    flag: '--max-rooms-per-peer',
    fallback: 32,
    good: { 1: 1, 10000: 10000 },
    bad: ['0', '-1', 'all', '10001'],
    takes: 'a whole number from 1 to 10000',
  },
  {
    key: 'maxDataBytes',
    variable: 'MAX_DATA_BYTES',
    flag: '--max-data-bytes',
    fallback: 65536,
    good: { 1: 1, 1048576: 1048576 },
    bad: ['0', '64k', '16777217'],
    takes: 'a whole number from 1 to 1048576',
  },
  { key: 'trustProxy', variable: 'TRUST_PROXY', flag: '--trust-proxy', ...proxies },
  { key: 'ratePeer', variable: 'RATE_PEER', flag: '--rate-peer', ...factor },
  { key: 'rateAddress', variable: 'RATE_ADDRESS', flag: '--rate-address', ...factor },
  {
    key: 'logLevel',
    variable: 'LOG_LEVEL',
    flag: '--log-level',
    fallback: 'info',
    good: { debug: 'debug', silent: 'silent' },
    bad: ['verbose', 'INFO'],
    takes: 'one of fatal, error, warn, info, debug, trace, silent',
  },
];

describe.each(cases)('$variable', ({ key, variable, flag, fallback, good, bad, takes }) => {
  test(`${variable} has its default if it is absent or empty`, () => {
    expect(readSettings({}, [])[key]).toEqual(fallback);
    expect(readSettings({ [variable]: '' }, [])[key]).toEqual(fallback);
  });

  test.each(Object.entries(good))(
    `${variable} accepts %j, as a variable and as a flag in both forms`,
    (text, value) => {
      expect(readSettings({ [variable]: text }, [])[key]).toEqual(value);
      expect(readSettings({}, [flag, text])[key]).toEqual(value);
      expect(readSettings({}, [`${flag}=${text}`])[key]).toEqual(value);
    },
  );

  test.each(bad)(`${variable} refuses %j in one line that says what it got and what it takes`, (text) => {
    const rest = `is ${JSON.stringify(text)}; it takes ${takes}.`;
    expect(complaint({ [variable]: text })).toBe(`${variable} ${rest}`);
    expect(complaint({}, [`${flag}=${text}`])).toBe(`${variable} (${flag}) ${rest}`);
  });

  test(`${flag} takes precedence over ${variable}`, () => {
    const [text = '', value] = Object.entries(good)[0] ?? [];
    expect(readSettings({ [variable]: bad[0] }, [flag, text])[key]).toEqual(value);
  });

  test(`${variable} is in the help, with its flag and its default`, () => {
    const line = help()
      .split('\n')
      .find((row) => row.includes(` ${variable} `));
    expect(line).toContain(` ${flag} `);
    expect(line).toContain(` ${fallback} `);
  });
});

describe('REDIS_URL', () => {
  test('REDIS_URL is undefined by default: one node with a memory hub', () => {
    expect(readSettings({}, []).redisUrl).toBeUndefined();
    expect(readSettings({ REDIS_URL: '' }, []).redisUrl).toBeUndefined();
  });

  test.each([
    'redis://localhost',
    'rediss://user:pass@redis.internal:6380/3',
    'redis://[::1]:6379/0',
    'redis://h?family=6',
    'rediss://h?ca=/etc/redis/ca.pem&cert=/c.pem&key=/k.pem',
    'redis+sentinel://one:26379,two,[::1]:26380/main',
    'rediss+sentinel://user:p%40ss@one,two/main/3?sentinelUsername=s&sentinelPassword=t&ca=/ca.pem',
    'redis+cluster://one:7000,two:7001,[::1]',
    'rediss+cluster://:pass@one:7000/?ca=/ca.pem',
  ])('REDIS_URL accepts %s, as a variable and as a flag', (url) => {
    const { form, hosts } = parseRedisUrl(url.replace(/ca=.*/, ''));
    expect(url).toContain(form === 'single' ? '://' : `+${form}://`);
    expect(hosts.length).toBe(url.split(',').length);
    expect(readSettings({ ...onRedis, REDIS_URL: url }, []).redisUrl).toBe(url);
    expect(readSettings({ TOKEN_SECRET: secret }, ['--redis-url', url]).redisUrl).toBe(url);
  });

  test.each([
    ['localhost:6379', '"localhost:6379"'],
    ['http://localhost/0', '"http://localhost/0"'],
    ['redis://h/db', '"redis://h/db"'],
    ['redis://me:hunter2@h/db', '"redis://***@h/db"'],
    ['redis://:hunter2', 'not a URL'],
    ['me:hunter2@h', 'not a URL'],
    ['http://h?password=hunter2', '"http://h/?***"'],
    ['redis://:hunter2@one,two', '"redis://***@one"'],
    ['redis+sentinel://:hunter2@one:1,two:2', '"redis+sentinel://***@one:1"'],
    ['redis+sentinel://one/main/hunter', '"redis+sentinel://one/main/hunter"'],
    ['redis+cluster://me:hunter2@one:1,two:2/3', '"redis+cluster://***@one:1/3"'],
    ['redis+tls://h', '"redis+tls://h"'],
  ])('REDIS_URL refuses %s without showing a password', (url, shown) => {
    const rest = `is ${shown}; it takes a URL such as redis://localhost:6379 (other forms: docs/redis.md).`;
    expect(complaint({ ...onRedis, REDIS_URL: url })).toBe(`REDIS_URL ${rest}`);
    expect(complaint(onRedis, ['--redis-url', url])).toBe(`REDIS_URL (--redis-url) ${rest}`);
  });
});

describe('GUEST_ACCESS', () => {
  test.each(['localhost', '127.0.0.1', '127.1.2.3', '::1'])(
    'guests are admitted by default on HOST %s',
    (HOST) => {
      expect(readSettings({ HOST }, []).guestAccess).toBe(true);
      expect(readSettings({ HOST, GUEST_ACCESS: 'false' }, []).guestAccess).toBe(false);
    },
  );

  test.each(['0.0.0.0', '::', '10.0.0.1', '127.example.com', 'example.com'])(
    'guests are refused by default on HOST %s, which a network reaches, unless GUEST_ACCESS is set',
    (HOST) => {
      expect(readSettings({ HOST }, []).guestAccess).toBe(false);
      expect(readSettings({ HOST, GUEST_ACCESS: 'true' }, []).guestAccess).toBe(true);
      expect(readSettings({ HOST }, ['--guest-access', 'true']).guestAccess).toBe(true);
      expect(readSettings({ HOST, GUEST_ACCESS: 'false' }, []).guestAccess).toBe(false);
    },
  );
});

describe('the command line', () => {
  test.each([
    [['--speed', '5'], 'Unknown flag: "--speed"; see --help.'],
    [['--speed=5'], 'Unknown flag: "--speed"; see --help.'],
    [['-p', '5'], 'Unknown flag: "-p"; see --help.'],
    [['--no-guest-access'], 'Unknown flag: "--no-guest-access"; see --help.'],
    [['--port'], '--port has no value; it takes a whole number from 0 to 65535.'],
    [['--port='], '--port has no value; it takes a whole number from 0 to 65535.'],
    [['--port', '--host', 'h'], '--port has no value; it takes a whole number from 0 to 65535.'],
    [['--port', '-1'], 'PORT (--port) is "-1"; it takes a whole number from 0 to 65535.'],
  ])('the command line is refused if a flag is unknown or has no value: %j', (argv, message) => {
    expect(complaint({}, argv)).toBe(message);
  });

  test('an argument that is not a flag is refused, without showing a password in it', () => {
    expect(complaint({}, ['redis://me:hunter2@h'])).toBe('Unexpected argument: "redis://***@h"; see --help.');
    expect(complaint({}, ['--', 'start'])).toBe('Unexpected argument: "start"; see --help.');
  });

  test('readCommand tells help, version and serve apart', () => {
    expect(['--help', '-h', '-hv'].map((flag) => readCommand([flag]))).toEqual(['help', 'help', 'help']);
    expect(['--version', '-v'].map((flag) => readCommand([flag]))).toEqual(['version', 'version']);
    expect(readCommand(['--port', '5'])).toBe('serve');
  });
});

test('in production, GraphiQL and introspection are off unless they are set', () => {
  const production = { NODE_ENV: 'production', TOKEN_SECRET: secret };
  expect(readSettings(production, [])).toMatchObject({ graphiql: false, introspection: false });
  expect(readSettings({ ...production, GRAPHIQL: 'true' }, ['--introspection', 'true'])).toMatchObject({
    graphiql: true,
    introspection: true,
  });
});

test('if several settings are wrong, one line names them all', () => {
  expect(complaint({ PORT: 'x', GRACE_SECONDS: 'y', TOKEN_SECRET: 'z' })).toBe(
    'PORT is "x"; it takes a whole number from 0 to 65535. ' +
      'TOKEN_SECRET is only 1 bytes; it takes at least 32 bytes: make one with `openssl rand -base64 32`. ' +
      'GRACE_SECONDS is "y"; it takes a number of seconds from 0.1 to 3600.',
  );
});

test('the settings are frozen', () => {
  expect(Object.isFrozen(readSettings({}, []))).toBe(true);
});

test('no line of the help has more than 120 characters', () => {
  expect(
    Math.max(
      ...help()
        .split('\n')
        .map((line) => line.length),
    ),
  ).toBeLessThanOrEqual(120);
});
