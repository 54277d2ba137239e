import { createSecretKey, generateKeyPairSync } from 'node:crypto';
import { CompactSign, decodeJwt, type JWTPayload, SignJWT, UnsecuredJWT } from 'jose';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Tokens } from '../../src/auth/tokens.ts';

const secret = new TextEncoder().encode('a secret for tests, of 32 bytes or more');
const tokens = new Tokens({ secret, ttlSeconds: 60 });

/** A token as an application makes it. */
function made(payload: JWTPayload, key: Uint8Array = secret, alg = 'HS256'): Promise<string> {
  return new SignJWT(payload).setProtectedHeader({ alg }).sign(createSecretKey(key));
}

/** A token with claims that `SignJWT` would not write. */
function signedJson(json: string): Promise<string> {
  return new CompactSign(new TextEncoder().encode(json)).setProtectedHeader({ alg: 'HS256' }).sign(secret);
}

const inAMinute = () => Math.floor(Date.now() / 1000) + 60;

/** Expects UNAUTHENTICATED, and returns the error's message. */
async function refused(token: string): Promise<string> {
  const error = await tokens.verify(token).then(
    () => expect.fail('The token was accepted.'),
    (reason: unknown) => reason,
  );
  expect(error).toMatchObject({ name: 'SignalboxError', code: 'UNAUTHENTICATED', status: 401 });
  return (error as Error).message;
}

afterEach(() => {
  vi.useRealTimers();
});

describe('Tokens', () => {
  it('a token from `issue` is for a new peer each time, and expires after the TTL', async () => {
    const [one, other] = [await tokens.issue('ann'), await tokens.issue('ann')];
    expect(one.peer.id).not.toBe(other.peer.id);
    expect(await tokens.verify(one.token)).toMatchObject({ ...one.peer, expiresAt: one.expiresAt });
    const left = one.expiresAt.getTime() - Date.now();
    expect(left).toBeGreaterThan(58_000);
    expect(left).toBeLessThanOrEqual(60_000);
  });

  it('a token that an application made with the same secret is accepted', async () => {
    const exp = inAMinute();
    const token = await made({ sub: 'peer 7', username: 'ann', exp });
    expect(await tokens.verify(token)).toMatchObject({
      id: 'peer 7',
      username: 'ann',
      guest: false,
      expiresAt: new Date(exp * 1000),
    });
  });

  it('a token is a guest’s only if its claim `signalbox` has `guest: true`', async () => {
    const { token, peer } = await tokens.issue('ann');
    expect(peer.guest).toBe(true);
    expect(await tokens.verify(token)).toMatchObject({ guest: true });
    const claims = { sub: 'a', username: 'a', exp: inAMinute() };
    const guests = await made({ ...claims, signalbox: { guest: true } });
    expect(await tokens.verify(guests)).toMatchObject({ guest: true });
    expect(await tokens.verify(await made(claims))).toMatchObject({ guest: false });
    for (const signalbox of [{ guest: false }, { guest: 'true' }, {}]) {
      const applications = await made({ ...claims, signalbox });
      expect(await tokens.verify(applications), JSON.stringify(signalbox)).toMatchObject({ guest: false });
    }
  });

  it('an expired token is refused, even if it was accepted before', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const { token } = await tokens.issue('ann');
    await tokens.verify(token);
    vi.setSystemTime(Date.now() + 61_000);
    expect(await refused(token)).toMatch(/expired at 20\d\d-/);
    expect(await refused(await made({ sub: 'a', username: 'a', exp: inAMinute() - 61 }))).toMatch(
      /expired at 20/,
    );
  });

  it('a token signed with another secret is refused', async () => {
    const other = new TextEncoder().encode('another secret, also of 32 bytes or more');
    expect(await refused(await made({ sub: 'a', username: 'a', exp: inAMinute() }, other))).toContain(
      'signature',
    );
  });

  it('a token with another algorithm is refused, whatever its key', async () => {
    const payload = { sub: 'a', username: 'a', exp: inAMinute() };
    const long = new Uint8Array(64).fill(1);
    expect(await refused(await made(payload, long, 'HS512'))).toContain('HS256');
    expect(await refused(new UnsecuredJWT(payload).encode())).toMatch(/HS256|not a JWT/);
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const rs256 = await new SignJWT(payload).setProtectedHeader({ alg: 'RS256' }).sign(privateKey);
    expect(await refused(rs256)).toContain('HS256');
  });

  it('a token without `exp` is refused, and the error says that it is missing', async () => {
    expect(await refused(await made({ sub: 'a', username: 'a' }))).toContain('no `exp`');
  });

  it.each(['1e16', '8.65e12', '-1e300', '1e400', '"soon"', 'null', '{}', '[1]', 'true'])(
    'a token whose `exp` is no time that a clock can show is refused, and not served without an end: %s',
    async (exp) => {
      const token = await signedJson(`{"sub":"a","username":"a","exp":${exp}}`);
      expect(await refused(token)).toContain('`exp` is not a time that exists');
    },
  );

  it('the last `exp` that a Date can hold is accepted', async () => {
    const token = await made({ sub: 'a', username: 'a', exp: 8.64e12 });
    expect((await tokens.verify(token)).expiresAt.toISOString()).toBe('+275760-09-13T00:00:00.000Z');
  });

  it('`exp` has no leeway, and `nbf` has 10 seconds', async () => {
    const now = Math.floor(Date.now() / 1000);
    const claims = { sub: 'a', username: 'a' };
    expect(await refused(await made({ ...claims, exp: now }))).toContain('expired at');
    expect(await refused(await made({ ...claims, exp: now - 5 }))).toContain('expired at');
    expect(await tokens.verify(await made({ ...claims, exp: now + 60, nbf: now + 9 }))).toBeTruthy();
    expect(await refused(await made({ ...claims, exp: now + 60, nbf: now + 15 }))).toContain('`nbf`');
  });

  it.each([42, true, {}, ['a'], null])('a token whose `sub` is not a string is refused: %j', async (sub) => {
    const json = JSON.stringify({ sub, username: 'a', exp: inAMinute() });
    expect(await refused(await signedJson(json))).toContain('`sub` is not a string');
  });

  it('a token signed with any of the secrets is accepted, and new ones are signed with the first', async () => {
    const [first, second] = ['f', 's'].map((letter) => new TextEncoder().encode(letter.repeat(32)));
    const both = new Tokens({
      secret: first as Uint8Array,
      otherSecrets: [second as Uint8Array],
      ttlSeconds: 60,
    });
    const claims = { sub: 'a', username: 'a', exp: inAMinute() };
    expect(await both.verify(await made(claims, first))).toMatchObject({ id: 'a' });
    expect(await both.verify(await made(claims, second))).toMatchObject({ id: 'a' });
    const { token } = await both.issue('ann');
    const onlyFirst = new Tokens({ secret: first as Uint8Array, ttlSeconds: 60 });
    expect(await onlyFirst.verify(token)).toMatchObject({ username: 'ann' });
    await expect(both.verify(await made(claims))).rejects.toThrow('its signature is wrong');
    await expect(both.verify('x')).rejects.toThrow('not a JWT');
    await expect(both.verify(await made({ ...claims, exp: 1 }, second))).rejects.toThrow('it expired at');
  });

  it('`renew` gives a guest a later token of the same peer, with the same claim `signalbox`', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const signalbox = { guest: true, space: 'acme' };
    const token = await made({ sub: 'g', username: 'ann', exp: inAMinute(), signalbox });
    vi.setSystemTime(Date.now() + 30_000);
    const next = await tokens.renew(token);
    expect(next.peer).toEqual({ id: 'g', username: 'ann', guest: true });
    expect(decodeJwt(next.token)).toMatchObject({ sub: 'g', username: 'ann', signalbox });
    vi.setSystemTime(Date.now() + 45_000);
    expect(await refused(token)).toContain('expired at');
    expect(await tokens.verify(next.token)).toMatchObject({ ...next.peer, expiresAt: next.expiresAt });
    await expect(tokens.renew(token)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  it('`renew` refuses a token that is not a guest’s', async () => {
    const token = await made({ sub: 'a', username: 'a', exp: inAMinute() });
    await expect(tokens.renew(token)).rejects.toMatchObject({ code: 'FORBIDDEN', status: 403 });
  });

  it('a token without a printable `sub` and `username`, or before its `nbf`, is refused', async () => {
    const exp = inAMinute();
    expect(await refused(await made({ username: 'a', exp }))).toContain('`sub`');
    expect(await refused(await made({ sub: '', username: 'a', exp }))).toContain('`sub`');
    expect(await refused(await made({ sub: 'a', exp }))).toContain('`username`');
    expect(await refused(await made({ sub: 'a', username: 7, exp }))).toContain('`username`');
    expect(await refused(await made({ sub: 'a'.repeat(129), username: 'a', exp }))).toContain(
      '`sub` has too many',
    );
    expect(await refused(await made({ sub: 'a', username: 'a'.repeat(65), exp }))).toContain(
      '`username` has too many',
    );
    expect(await refused(await made({ sub: 'a', username: 'a\nb', exp }))).toContain('do not print');
    expect(await refused(await made({ sub: 'a', username: 'ann ', exp }))).toContain('space at an end');
    expect(await refused(await made({ sub: '\u3164', username: 'ann', exp }))).toContain('nothing visible');
    const early = await made({ sub: 'a', username: 'a', exp, nbf: exp - 10 });
    expect(await refused(early)).toContain('`nbf`');
  });

  it.each(['', 'x', 'a.b.c', '{}', 'é'.repeat(100)])(
    'a text that is not a JWT is refused: %j',
    async (text) => {
      expect(await refused(text)).toContain('not a JWT');
    },
  );

  it('a token has one text: the same one with white space or padding in it is refused', async () => {
    const token = await made({ sub: 'a', username: 'ann', exp: Math.floor(Date.now() / 1000) + 60 });
    expect(await refused(`${token}=`)).toContain('not a JWT');
    expect(await refused(token.replace('.', '\n.'))).toContain('not a JWT');
  });
});
