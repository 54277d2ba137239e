import { describe, expect, test } from 'vitest';
import { readSettings, type SettingOptions, settingsOf } from '../src/settings.ts';
import { complaintOf } from './support/complaint.ts';

const secret = 'correct horse battery staple 123';

/** Reads options as a caller without types may give them. */
const read = (options: object, env = {}) => settingsOf(options as SettingOptions, env);

test('without options, the library has the settings of the server', () => {
  expect(settingsOf({}, {})).toEqual(readSettings({}, []));
});

test('each option has the name of its variable in camelCase, and the value that the variable would give', () => {
  const options = {
    basePath: '/signal/',
    redisUrl: 'redis://localhost:6379',
    tokenSecret: [secret, `${secret}4`],
    guestAccess: false,
    graceSeconds: 2.5,
    maxStreams: 10,
    corsOrigins: ['https://a.example', 'https://b.example'],
    logLevel: 'warn',
  } as const;
  const variables = {
    BASE_PATH: '/signal/',
    REDIS_URL: 'redis://localhost:6379',
    TOKEN_SECRET: `${secret},${secret}4`,
    GUEST_ACCESS: 'false',
    GRACE_SECONDS: '2.5',
    MAX_STREAMS: '10',
    CORS_ORIGINS: 'https://a.example,https://b.example',
    LOG_LEVEL: 'warn',
  };
  expect(settingsOf(options, {})).toEqual(readSettings(variables, []));
});

test('an option that is undefined or an empty text counts as absent', () => {
  expect(read({ redisUrl: undefined, redisPrefix: '' })).toEqual(settingsOf({}, {}));
});

test('the library reads only NODE_ENV from the environment', () => {
  expect(settingsOf({ tokenSecret: secret }, { NODE_ENV: 'production', MAX_STREAMS: '5' })).toMatchObject({
    nodeEnv: 'production',
    graphiql: false,
    maxStreams: 10_000,
  });
});

test('guests are welcome by default only if the server listens on loopback', () => {
  expect(settingsOf({ host: '0.0.0.0' }, {}).guestAccess).toBe(false);
  expect(settingsOf({ host: '0.0.0.0', guestAccess: true }, {}).guestAccess).toBe(true);
});

describe('a wrong option is refused in one sentence that names it', () => {
  test.each([
    [{ maxStreams: 'many' }, 'maxStreams is "many"; it takes a whole number from 1 to 1000000.'],
    [{ maxStreams: Number.NaN }, 'maxStreams is "NaN"; it takes a whole number from 1 to 1000000.'],
    [{ graphiql: 'yes' }, 'graphiql is "yes"; it takes true or false.'],
    [{ host: null }, 'host is null; leave it out for its default.'],
    [
      { redisPrefix: { a: 1 } },
      'redisPrefix is "{\\"a\\":1}"; it takes 1 to 64 letters, digits or any of _ . : -.',
    ],
    [{ maxStream: 5 }, 'Unknown option: "maxStream".'],
    [{ port: 4000 }, 'Unknown option: "port"; the server that calls the handler listens.'],
    [{ nodeEnv: 'production' }, 'Unknown option: "nodeEnv".'],
    [
      { redisUrl: 'redis://localhost' },
      'tokenSecret is not set; with redisUrl, all nodes need the same secret: make one with `openssl rand -base64 32`.',
    ],
    [
      { tokenSecret: secret, tokenSecretFile: 'secret' },
      'tokenSecret and tokenSecretFile are both set: set only one.',
    ],
  ])('%o', (options, message) => {
    expect(complaintOf(() => read(options))).toBe(message);
  });

  test('several wrong options are all named', () => {
    expect(complaintOf(() => read({ maxStream: 5, drainSeconds: -1 }))).toBe(
      'Unknown option: "maxStream". drainSeconds is "-1"; it takes a number of seconds from 0 to 300.',
    );
  });

  test('a secret is not shown', () => {
    expect(complaintOf(() => read({ tokenSecret: 'short' }))).not.toContain('short');
  });
});
