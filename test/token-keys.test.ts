import { describe, expect, test } from 'vitest';
import { readSettings, settingsOf } from '../src/settings.ts';
import { isOpenToAll } from '../src/token-keys.ts';
import { complaintOf } from './support/complaint.ts';

const url = 'https://id.example/.well-known/jwks.json';
const secret = 'a secret for tests: 32 bytes or more';

describe('JWKS_URL, TOKEN_ISSUER and TOKEN_AUDIENCE', () => {
  test('are read from variables, flags and options', () => {
    const expected = { jwksUrl: url, tokenIssuer: ['https://id.example/'], tokenAudience: ['a', 'b'] };
    const env = { JWKS_URL: url, TOKEN_ISSUER: 'https://id.example/', TOKEN_AUDIENCE: 'a,b' };
    expect(readSettings(env, [])).toMatchObject(expected);
    const flags = ['--jwks-url', url, '--token-issuer', 'https://id.example/', '--token-audience=a,b'];
    expect(readSettings({}, flags)).toMatchObject(expected);
    expect(settingsOf(expected, {})).toMatchObject(expected);
    expect(readSettings({}, [])).not.toHaveProperty('jwksUrl', expect.anything());
  });

  test.each([
    'id.example/jwks',
    'ftp://id.example/jwks',
    'https://',
    'https://ann:hunter2@id.example/',
    `${url}#a`,
  ])('JWKS_URL does not take %s, and the error shows no password', (text) => {
    const complaint = complaintOf(() => readSettings({ JWKS_URL: text }, []));
    expect(complaint).toMatch(/^JWKS_URL is .*; it takes a URL such as https:/);
    expect(complaint).not.toContain('hunter2');
  });

  test.each(['a,,b', 'a b', 'a, b', '\u00e9'])('TOKEN_AUDIENCE does not take %j', (text) => {
    expect(complaintOf(() => readSettings({ TOKEN_AUDIENCE: text }, []))).toContain('TOKEN_AUDIENCE is');
  });

  test('with JWKS_URL no secret is needed, and without a secret there are no guests', () => {
    const production = { JWKS_URL: url, NODE_ENV: 'production', REDIS_URL: 'redis://localhost' };
    expect(readSettings(production, [])).toMatchObject({ tokenSecrets: undefined, guestAccess: false });
    expect(readSettings({ JWKS_URL: url }, [])).toMatchObject({
      tokenSecrets: undefined,
      guestAccess: false,
    });
    expect(readSettings({ JWKS_URL: url, TOKEN_SECRET: secret }, [])).toMatchObject({ guestAccess: true });
    expect(complaintOf(() => readSettings({ JWKS_URL: url, GUEST_ACCESS: 'true' }, []))).toBe(
      "GUEST_ACCESS is true, and TOKEN_SECRET is not set: guests' tokens are signed with it.",
    );
    expect(complaintOf(() => settingsOf({ jwksUrl: url, guestAccess: true }, {}))).toContain(
      'guestAccess is true',
    );
  });

  test.each([
    ['http://id.example/jwks', true],
    ['https://id.example/jwks', false],
    ['http://localhost:8080/jwks', false],
    ['http://127.0.0.1/jwks', false],
    ['http://[::1]/jwks', false],
    ['http://localhost.example/jwks', true],
  ])('keys from %s can be replaced on the way: %s', (text, expected) => {
    expect(isOpenToAll(text)).toBe(expected);
  });
});
