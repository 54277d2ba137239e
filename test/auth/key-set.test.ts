import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeJwt, SignJWT } from 'jose';
import { pino } from 'pino';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { KeptKeys } from '../../src/auth/kept-keys.ts';
import { KeySet, type KeySetOptions } from '../../src/auth/key-set.ts';
import { Tokens, type TokensOptions } from '../../src/auth/tokens.ts';
import { KeyServer } from '../support/key-server.ts';

const claims = { sub: 'ann', username: 'Ann' };
const secret = new Uint8Array(32).fill(7);

let folder: string;
let lines: string[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keys-'));
  lines = [];
  onTestFinished(() => {
    vi.useRealTimers();
    rmSync(folder, { recursive: true });
  });
});

async function provider(...algorithms: string[]): Promise<KeyServer> {
  const server = await KeyServer.start(...algorithms);
  onTestFinished(() => server.stop());
  return server;
}

/** A node's tokens, with the keys of this URL. It fetches as often as it needs, unless the test says otherwise. */
function node(url: string, options: Partial<KeySetOptions> = {}, tokenOptions: Partial<TokensOptions> = {}) {
  // The set of a test that is over may still say something.
  const own = lines;
  const log = pino({ level: 'debug' }, { write: (line) => own.push(line) });
  const kept = new KeptKeys(url, join(folder, 'kept'));
  const keys = new KeySet({ url, log, kept, pauseMs: 0, ...options });
  onTestFinished(() => keys.close());
  return { keys, tokens: new Tokens({ keys, ttlSeconds: 60, ...tokenOptions }) };
}

async function startedNode(...args: Parameters<typeof node>) {
  const made = node(...args);
  await made.keys.start();
  return made.tokens;
}

const unauthenticated = (why: string) =>
  expect.objectContaining({ code: 'UNAUTHENTICATED', message: expect.stringContaining(why) });
const unavailable = expect.objectContaining({ code: 'UNAVAILABLE' });

describe('a token that a key of the set has signed', () => {
  it.each(['RS256', 'ES256', 'EdDSA'])('is accepted with %s', async (alg) => {
    const server = await provider(alg);
    const tokens = await startedNode(server.url);
    expect(await tokens.verify(await server.sign(claims))).toMatchObject({ id: 'ann', username: 'Ann' });
  });

  it('is accepted next to those of the secret, and only by its own kind of key', async () => {
    const server = await provider('RS256', 'ES256');
    const tokens = await startedNode(server.url, {}, { secret });
    for (const key of server.keys)
      await expect(tokens.verify(await server.sign(claims, key))).resolves.toBeDefined();
    const { token } = await tokens.issue('eve');
    await expect(tokens.verify(token)).resolves.toMatchObject({ username: 'eve', guest: true });
    // The public key as a secret.
    const jwk = JSON.stringify(server.newest.jwk);
    const confused = await new SignJWT(claims)
      .setProtectedHeader({ alg: 'HS256', kid: server.newest.kid })
      .setExpirationTime('1 h')
      .sign(new TextEncoder().encode(jwk));
    await expect(tokens.verify(confused)).rejects.toEqual(unauthenticated('another secret'));
  });

  it('is refused if another key has signed it, or if its algorithm is not one of a set', async () => {
    const server = await provider('RS256');
    const tokens = await startedNode(server.url);
    const [own] = server.keys;
    const other = await server.addKey('RS256');
    server.keys = own ? [own] : [];
    const forged = await server.sign(claims, { ...other, kid: server.newest.kid });
    await expect(tokens.verify(forged)).rejects.toEqual(unauthenticated('made with another key'));
    await expect(tokens.verify(await server.sign(claims, other))).rejects.toEqual(
      unauthenticated('not in the set'),
    );
    const hmac = await new SignJWT(claims)
      .setProtectedHeader({ alg: 'HS256' })
      .setExpirationTime('1 h')
      .sign(secret);
    await expect(tokens.verify(hmac)).rejects.toEqual(unauthenticated('none of RS256, ES256, EdDSA'));
    const rs512 = await server.addKey('RS512');
    await expect(tokens.verify(await server.sign(claims, rs512))).rejects.toEqual(
      unauthenticated('none of RS256'),
    );
    const header = Buffer.from('{"alg":"none"}').toString('base64url');
    const bare = `${header}.${forged.split('.')[1]}.`;
    await expect(tokens.verify(bare)).rejects.toEqual(unauthenticated('none of RS256'));
    await expect(tokens.verify('a.b.c')).rejects.toEqual(unauthenticated('not a JWT'));
  });

  it('without a `kid` is accepted if one key fits, and refused if several do', async () => {
    const server = await provider('RS256', 'ES256');
    const tokens = await startedNode(server.url);
    const unnamed = (alg: string) =>
      new SignJWT(claims)
        .setProtectedHeader({ alg })
        .setExpirationTime('1 h')
        .sign((server.keys.find((key) => key.alg === alg) ?? server.newest).privateKey);
    await expect(tokens.verify(await unnamed('ES256'))).resolves.toMatchObject({ id: 'ann' });
    await server.addKey('ES256');
    const again = await startedNode(server.url);
    await expect(again.verify(await unnamed('ES256'))).rejects.toEqual(unauthenticated('`kid`'));
  });

  it('whose key is too weak, or no key at all, is refused and is no bug', async () => {
    const server = await provider('RS256');
    const { jwk } = server.newest;
    server.keys = [{ ...server.newest, jwk: { ...jwk, n: String(jwk.n).slice(0, 64) } }];
    const tokens = await startedNode(server.url);
    await expect(tokens.verify(await server.sign(claims))).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    server.keys = [{ ...server.newest, jwk: { kid: server.newest.kid, kty: 'RSA', alg: 'RS256' } as never }];
    const others = await startedNode(server.url);
    await expect(others.verify(await server.sign(claims))).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  it('needs the issuer and the audience that the operator has named; guests have them', async () => {
    const server = await provider('ES256');
    const issuers = ['https://id.example/', 'https://old.example/'];
    const tokens = await startedNode(server.url, {}, { secret, issuers, audiences: ['signalbox'] });
    const good = { ...claims, iss: 'https://old.example/', aud: ['another', 'signalbox'] };
    await expect(tokens.verify(await server.sign(good))).resolves.toMatchObject({ id: 'ann' });
    for (const [claim, value] of [
      ['iss', 'https://id.example'],
      ['iss', undefined],
      ['aud', 'another'],
      ['aud', undefined],
    ] as const) {
      const token = await server.sign({ ...good, [claim]: value });
      await expect(tokens.verify(token), `${claim} ${value}`).rejects.toEqual(
        unauthenticated(`\`${claim}\``),
      );
    }
    const { token } = await tokens.issue('eve');
    expect(decodeJwt(token)).toMatchObject({ iss: 'https://id.example/', aud: 'signalbox' });
    await expect(tokens.verify(token)).resolves.toMatchObject({ guest: true });
    await expect(tokens.renew(token)).resolves.toBeDefined();
  });

  it('cannot be renewed, even if it says that its peer is a guest, and without a secret there are no guests', async () => {
    const server = await provider('ES256');
    const forbidden = expect.objectContaining({ code: 'FORBIDDEN' });
    const guest = await server.sign({ ...claims, signalbox: { guest: true } });
    for (const options of [{ secret }, {}]) {
      const tokens = await startedNode(server.url, {}, options);
      await expect(tokens.renew(guest)).rejects.toEqual(forbidden);
    }
    const tokens = await startedNode(server.url);
    await expect(tokens.issue('eve')).rejects.toEqual(forbidden);
  });
});

describe('a set of keys', () => {
  it('is fetched again when a token names a new key, once for all such tokens', async () => {
    const server = await provider('ES256');
    const tokens = await startedNode(server.url, { pauseMs: 300 });
    const old = await server.sign(claims);
    await server.rotate('EdDSA');
    const fresh = await Promise.all(
      Array.from({ length: 20 }, (_, i) => server.sign({ ...claims, jti: `${i}` })),
    );
    const before = server.requests;
    await Promise.all([old, ...fresh].map((token) => tokens.verify(token)));
    expect(server.requests).toBe(before + 1);
  });

  it('is not fetched more often than the pause allows, whatever keys tokens name', async () => {
    const server = await provider('ES256');
    const tokens = await startedNode(server.url, { pauseMs: 200 });
    const begun = performance.now();
    const before = server.requests;
    for (let i = 0; i < 5; i++) {
      const invented = await Promise.all(
        [1, 2, 3].map((n) => server.sign(claims, { ...server.newest, kid: `${i} ${n}` })),
      );
      for (const token of invented)
        await expect(tokens.verify(token)).rejects.toEqual(unauthenticated('not in the set'));
    }
    const most = Math.floor((performance.now() - begun) / 200) + 1;
    expect(server.requests - before).toBeLessThanOrEqual(most);
    // Known keys need no fetch, and do not wait.
    const counted = server.requests;
    await tokens.verify(await server.sign(claims));
    expect(server.requests).toBe(counted);
  });

  it('that lacks a key from now on ends the tokens of that key, also those that were accepted before', async () => {
    const server = await provider('ES256');
    const tokens = await startedNode(server.url, { refreshMs: 50 });
    const token = await server.sign(claims);
    await tokens.verify(token);
    await server.rotate('ES256');
    await server.rotate('ES256');
    const outcome = () =>
      tokens.verify(token).then(
        () => 'accepted',
        ({ code }) => code,
      );
    await expect.poll(outcome, { timeout: 5000 }).toBe('UNAUTHENTICATED');
  });

  it.each(['stopped', 'error', 'garbage'] as const)(
    'whose URL is dead (%s) goes on with the keys that it has, lets no other token in, and recovers',
    async (how) => {
      const server = await provider('ES256');
      const tokens = await startedNode(server.url);
      if (how === 'stopped') await server.stop();
      else server.mode = how;
      await expect(tokens.verify(await server.sign(claims))).resolves.toMatchObject({ id: 'ann' });
      await server.rotate('ES256');
      const token = await server.sign(claims);
      for (let i = 0; i < 3; i++) await expect(tokens.verify(token)).rejects.toEqual(unavailable);
      if (how === 'stopped') await server.listen();
      else server.mode = 'keys';
      await expect(tokens.verify(token)).resolves.toMatchObject({ id: 'ann' });
      const said = lines.filter((line) => line.includes('JWKS_URL'));
      expect(said, 'once, and that it is over').toHaveLength(2);
      expect(lines.join('')).not.toContain(token.split('.')[2]);
    },
  );

  it('whose URL does not answer refuses a token of an unknown key in time', async () => {
    const server = await provider('ES256');
    const tokens = await startedNode(server.url);
    server.mode = 'hang';
    await server.rotate('ES256');
    const begun = performance.now();
    await expect(tokens.verify(await server.sign(claims))).rejects.toEqual(unavailable);
    expect(performance.now() - begun).toBeLessThan(4500);
  });

  it('is kept in a file that only its owner can write, with which a node starts while the URL is dead', async () => {
    const server = await provider('ES256');
    await startedNode(server.url);
    const path = join(folder, 'kept');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readFileSync(path, 'utf8')).not.toContain(server.url);
    await server.stop();
    const token = await server.sign(claims);
    const tokens = await startedNode(server.url);
    await expect(tokens.verify(token)).resolves.toMatchObject({ id: 'ann' });
    await expect(tokens.verify(await server.sign(claims, { ...server.newest, kid: 'x' }))).rejects.toEqual(
      unavailable,
    );

    const other = new URL('/other', server.url).href;
    await expect(node(other).keys.start(), 'keys of another URL').rejects.toThrow(
      'JWKS_URL cannot be fetched (ECONNREFUSED)',
    );
    chmodSync(path, 0o666);
    await expect(node(server.url).keys.start(), 'others could have written it').rejects.toEqual(unavailable);
    chmodSync(path, 0o600);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 25 * 3_600_000 });
    await expect(node(server.url).keys.start(), 'too old').rejects.toEqual(unavailable);
    await expect(tokens.verify(await server.sign({ ...claims, exp: 2 ** 32 })), 'too old').rejects.toEqual(
      unavailable,
    );
    vi.useRealTimers();
    const whole = readFileSync(path, 'utf8');
    for (const damaged of ['{', whole.replace('"keys"', '"no keys"')]) {
      writeFileSync(path, damaged);
      await expect(node(server.url).keys.start(), damaged).rejects.toEqual(unavailable);
    }
  });

  it('that cannot be kept is used all the same', async () => {
    const server = await provider('ES256');
    const kept = new KeptKeys(server.url, join(folder, 'no folder', 'kept'));
    const tokens = await startedNode(server.url, { kept });
    await expect(tokens.verify(await server.sign(claims))).resolves.toMatchObject({ id: 'ann' });
  });
});
