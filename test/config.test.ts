import { describe, expect, test } from 'vitest';
import { ConfigError, help, readCommand, readSettings, type Settings } from '../src/config.ts';
import { parseRedisUrl } from '../src/hub/redis/url.ts';

const secret = 'correct horse battery staple 123';
const onRedis = { REDIS_URL: 'redis://localhost:6379', TOKEN_SECRET: secret };

interface Case {
  readonly key: keyof Settings;
  readonly variable: string;
  readonly flag: string;
  readonly fallback: unknown;
  /** What is written, and what is made of it. */
  readonly good: Readonly<Record<string, unknown>>;
  readonly bad: readonly string[];
  readonly takes: string;
}

const cases: readonly Case[] = [
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
  test('has its default where it is absent or empty', () => {
    expect(readSettings({}, [])[key]).toEqual(fallback);
    expect(readSettings({ [variable]: '' }, [])[key]).toEqual(fallback);
  });

  test.each(Object.entries(good))('takes %j, as a variable and as a flag in both forms', (text, value) => {
    expect(readSettings({ [variable]: text }, [])[key]).toEqual(value);
    expect(readSettings({}, [flag, text])[key]).toEqual(value);
    expect(readSettings({}, [`${flag}=${text}`])[key]).toEqual(value);
  });

  test.each(bad)('refuses %j in one line that says what it got and what it takes', (text) => {
    const rest = `is ${JSON.stringify(text)}; it takes ${takes}.`;
    expect(complaint({ [variable]: text })).toBe(`${variable} ${rest}`);
    expect(complaint({}, [`${flag}=${text}`])).toBe(`${variable} (${flag}) ${rest}`);
  });

  test('the flag goes before the variable', () => {
    const [text = '', value] = Object.entries(good)[0] ?? [];
    expect(readSettings({ [variable]: bad[0] }, [flag, text])[key]).toEqual(value);
  });

  test('is in the help, with its default', () => {
    const line = help()
      .split('\n')
      .find((row) => row.includes(` ${variable} `));
    expect(line).toContain(` ${flag} `);
    expect(line).toContain(` ${fallback} `);
  });
});

describe('REDIS_URL', () => {
  test('is absent by default: one node, in memory', () => {
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
  ])('takes %s, as a variable and as a flag', (url) => {
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
  ])('refuses %s without showing a password', (url, shown) => {
    const rest = `is ${shown}; it takes a URL such as redis://localhost:6379, or another of those in docs/redis.md.`;
    expect(complaint({ ...onRedis, REDIS_URL: url })).toBe(`REDIS_URL ${rest}`);
    expect(complaint(onRedis, ['--redis-url', url])).toBe(`REDIS_URL (--redis-url) ${rest}`);
  });
});

describe('TOKEN_SECRET', () => {
  test('is taken as the bytes of its text', () => {
    const settings = readSettings({ TOKEN_SECRET: secret }, []);
    expect(new TextDecoder().decode(settings.tokenSecret)).toBe(secret);
    expect(settings.tokenSecretIsRandom).toBe(false);
  });

  test('counts its bytes, not its letters', () => {
    expect(readSettings({ TOKEN_SECRET: 'é'.repeat(16) }, []).tokenSecret).toHaveLength(32);
  });

  test('is another random one each time where it is absent', () => {
    const [one, two] = [readSettings({}, []), readSettings({ TOKEN_SECRET: '' }, [])];
    expect([one.tokenSecretIsRandom, two.tokenSecretIsRandom]).toEqual([true, true]);
    expect(one.tokenSecret).toHaveLength(32);
    expect(one.tokenSecret).not.toEqual(two.tokenSecret);
  });

  test('is required with Redis, and the error says how to make one', () => {
    const message = complaint({ REDIS_URL: 'redis://me:hunter2@localhost' });
    expect(message).toMatch(/^TOKEN_SECRET is not set; with REDIS_URL, .*`openssl rand -base64 32`\.$/);
    expect(message).not.toContain('hunter2');
  });

  test('is refused where it is short, without being shown', () => {
    const message = complaint({ TOKEN_SECRET: 'hunter2' });
    expect(message).toMatch(/^TOKEN_SECRET is only 7 bytes; it takes at least 32 bytes: make one/);
    expect(message).not.toContain('hunter2');
  });

  test('has no flag, since a list of processes shows flags', () => {
    for (const argv of [['--token-secret', secret], [`--token-secret=${secret}`]]) {
      const message = complaint({}, argv);
      expect(message).toContain('set the variable TOKEN_SECRET');
      expect(message).not.toContain(secret);
    }
    expect(help()).not.toContain('--token-secret');
  });
});

describe('the command line', () => {
  test.each([
    [['--speed', '5'], '"--speed" is not a flag; see --help.'],
    [['--speed=5'], '"--speed" is not a flag; see --help.'],
    [['-p', '5'], '"-p" is not a flag; see --help.'],
    [['--no-guest-access'], '"--no-guest-access" is not a flag; see --help.'],
    [['--port'], '--port has no value; it takes a whole number from 0 to 65535.'],
    [['--port='], '--port has no value; it takes a whole number from 0 to 65535.'],
    [['--port', '--host', 'h'], '--port has no value; it takes a whole number from 0 to 65535.'],
    [['--port', '-1'], 'PORT (--port) is "-1"; it takes a whole number from 0 to 65535.'],
  ])('refuses %j', (argv, message) => {
    expect(complaint({}, argv)).toBe(message);
  });

  test('refuses what is no flag, without showing a password in it', () => {
    expect(complaint({}, ['redis://me:hunter2@h'])).toMatch(/^"redis:\/\/\*\*\*@h" .* see --help\.$/);
    expect(complaint({}, ['--', 'start'])).toMatch(/^"start" .* see --help\.$/);
  });

  test('asks for help, for the version, or for the server', () => {
    expect(['--help', '-h', '-hv'].map((flag) => readCommand([flag]))).toEqual(['help', 'help', 'help']);
    expect(['--version', '-v'].map((flag) => readCommand([flag]))).toEqual(['version', 'version']);
    expect(readCommand(['--port', '5'])).toBe('serve');
  });
});

test('the settings are frozen', () => {
  expect(Object.isFrozen(readSettings({}, []))).toBe(true);
});

test('the help fits a terminal of 120 columns', () => {
  expect(
    Math.max(
      ...help()
        .split('\n')
        .map((line) => line.length),
    ),
  ).toBeLessThanOrEqual(120);
});

/** The message of the ConfigError; fails where there is none, or where it is not one line. */
function complaint(env: Record<string, string | undefined>, argv: readonly string[] = []): string {
  try {
    readSettings(env, argv);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    expect(error.message).not.toContain('\n');
    return error.message;
  }
  throw new Error(`${JSON.stringify({ env, argv })} was taken.`);
}
