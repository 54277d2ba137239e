import { createSecretKey, generateKeyPairSync } from 'node:crypto';
import { type JWTPayload, SignJWT, UnsecuredJWT } from 'jose';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Tokens } from '../../src/auth/tokens.ts';

const secret = new TextEncoder().encode('a secret for tests, of 32 bytes or more');
const tokens = new Tokens({ secret, ttlSeconds: 60 });

/** A token as an application makes it. */
function made(payload: JWTPayload, key: Uint8Array = secret, alg = 'HS256'): Promise<string> {
  return new SignJWT(payload).setProtectedHeader({ alg }).sign(createSecretKey(key));
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
    expect(await tokens.verify(one.token)).toEqual({ ...one.peer, expiresAt: one.expiresAt });
    const left = one.expiresAt.getTime() - Date.now();
    expect(left).toBeGreaterThan(58_000);
    expect(left).toBeLessThanOrEqual(60_000);
  });

  it('a token that an application made with the same secret is accepted', async () => {
    const exp = inAMinute();
    const token = await made({ sub: 'peer 7', username: 'ann', exp });
    expect(await tokens.verify(token)).toEqual({
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
    for (const signalbox of [{ guest: false }, { guest: 'true' }, {}, [true], 'guest', true, null]) {
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

  it('a token without `exp` is accepted and does not expire', async () => {
    const token = await made({ sub: 'a', username: 'a' });
    expect(await tokens.verify(token)).toEqual({
      id: 'a',
      username: 'a',
      guest: false,
      expiresAt: undefined,
    });
    expect(await tokens.verify(token), 'also the second time').toMatchObject({ id: 'a' });
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
    const early = await made({ sub: 'a', username: 'a', exp, nbf: exp - 10 });
    expect(await refused(early)).toContain('`nbf`');
  });

  it.each(['', 'x', 'a.b.c', '{}', 'é'.repeat(100)])(
    'a text that is not a JWT is refused: %j',
    async (text) => {
      expect(await refused(text)).toContain('not a JWT');
    },
  );
});
