import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JWTPayload } from 'jose';
import { expect, inject, onTestFinished, test } from 'vitest';
import { ApiClient, access } from '../support/client.ts';
import { KeyServer } from '../support/key-server.ts';
import { MessageStream } from '../support/message-stream.ts';
import { NodeProcess, startNode } from '../support/node.ts';
import { freshPrefix } from '../support/redis.ts';
import { until } from '../support/until.ts';
import { GuestPeer, wholly } from './peer.ts';

/** A folder of its own for a node, which keeps the keys there. */
function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'keys-'));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

async function provider(...algorithms: string[]): Promise<KeyServer> {
  const server = await KeyServer.start(...algorithms);
  onTestFinished(() => server.stop());
  return server;
}

const me = '{ me { id username guest } }';

/** What tokens of these providers contain, as their documentation shows them, with the custom claims that we ask for. */
const providers: Readonly<
  Record<string, { alg: string; iss: string; aud: string; claims: JWTPayload; me: object }>
> = {
  'Auth0, with an action that adds `username` and `signalbox`': {
    alg: 'RS256',
    iss: 'https://acme.eu.auth0.com/',
    aud: 'https://signal.acme.example',
    claims: {
      iss: 'https://acme.eu.auth0.com/',
      sub: 'auth0|5f7c8ec7c33c6c004bbafe82',
      aud: ['https://signal.acme.example', 'https://acme.eu.auth0.com/userinfo'],
      azp: 'my_client_id',
      scope: 'openid profile email',
      permissions: [],
      username: 'Ada',
      signalbox: { rooms: [{ match: 'team-7/*', allow: ['join', 'send', 'state'] }] },
    },
    me: { id: 'auth0|5f7c8ec7c33c6c004bbafe82', username: 'Ada', guest: false },
  },
  'Keycloak, with a mapper for the audience': {
    alg: 'RS256',
    iss: 'https://id.acme.example/realms/acme',
    aud: 'signalbox',
    claims: {
      jti: 'onrtac:9f3c1a3e-5d3c-4d5f-9a3c-6f3b2f1f0c77',
      iss: 'https://id.acme.example/realms/acme',
      aud: ['signalbox', 'account'],
      sub: '8c2b1f0e-7a53-4a52-9d8e-4b5a0f7d9c11',
      typ: 'Bearer',
      azp: 'web',
      sid: '3a0f5be6-64a2-4d2e-86d3-0f3dcf2a9b55',
      acr: '1',
      'allowed-origins': ['https://app.acme.example'],
      realm_access: { roles: ['default-roles-acme', 'offline_access', 'uma_authorization'] },
      resource_access: { account: { roles: ['manage-account', 'view-profile'] } },
      scope: 'openid profile email',
      email_verified: true,
      name: 'Ada Lovelace',
      preferred_username: 'ada',
      given_name: 'Ada',
      family_name: 'Lovelace',
      email: 'ada@acme.example',
    },
    me: { id: '8c2b1f0e-7a53-4a52-9d8e-4b5a0f7d9c11', username: 'ada', guest: false },
  },
  'Supabase, with a hook that adds `username`': {
    alg: 'ES256',
    iss: 'https://abcdefghijklmnopqrst.supabase.co/auth/v1',
    aud: 'authenticated',
    claims: {
      iss: 'https://abcdefghijklmnopqrst.supabase.co/auth/v1',
      sub: '5a7d1b1e-9d7d-4f2c-8c1d-1e6f0a2b3c4d',
      aud: 'authenticated',
      role: 'authenticated',
      aal: 'aal1',
      session_id: '1c2d3e4f-5a6b-7c8d-9e0f-a1b2c3d4e5f6',
      email: 'ada@acme.example',
      phone: '',
      is_anonymous: false,
      app_metadata: { provider: 'email', providers: ['email'] },
      user_metadata: {
        email: 'ada@acme.example',
        email_verified: true,
        sub: '5a7d1b1e-9d7d-4f2c-8c1d-1e6f0a2b3c4d',
      },
      amr: [{ method: 'password', timestamp: 1795813877 }],
      username: 'ada',
    },
    me: { id: '5a7d1b1e-9d7d-4f2c-8c1d-1e6f0a2b3c4d', username: 'ada', guest: false },
  },
};

test.each(Object.entries(providers))(
  'a token of %s opens a stream and joins rooms; one for another application does not',
  async (_, { alg, iss, aud, claims, me: expected }) => {
    const server = await provider(alg);
    const iat = Math.floor(Date.now() / 1000);
    await using node = await startNode({
      cwd: folder(),
      env: { JWKS_URL: server.url, TOKEN_ISSUER: iss, TOKEN_AUDIENCE: aud, LOG_LEVEL: 'trace' },
    });
    const token = await server.sign({ ...claims, iat, exp: iat + 3600 });
    expect(await new ApiClient(node.url, token).run(me)).toEqual({ me: expected });
    const peer = new GuestPeer(String(claims.sub), '', token, wholly(node));
    expect(await peer.open({ join: [{ roomId: 'team-7/kitchen' }] })).toMatchObject({ peer: expected });
    await peer.drop();
    const forAnother = await server.sign({ ...claims, iat, exp: iat + 3600, aud: 'another' });
    const refused = { code: 'UNAUTHENTICATED', message: expect.stringContaining('`aud`') };
    await expect(new ApiClient(node.url, forAnother).run(me)).rejects.toMatchObject(refused);
    // Guests are signed with TOKEN_SECRET, which the node has too.
    const guest = await access(node.url, 'eve');
    expect(await new ApiClient(node.url, guest.token).run(me)).toMatchObject({ me: { guest: true } });
    expect(node.output()).not.toContain(token);
    expect(node.output()).not.toContain(token.split('.')[2]);
  },
);

test('while the provider rotates its keys under load, every token of a key in use is accepted, on both nodes', {
  timeout: 120_000,
}, async () => {
  const server = await provider('ES256');
  const env = {
    JWKS_URL: server.url,
    REDIS_URL: inject('redisUrl'),
    REDIS_PREFIX: freshPrefix(),
    TOKEN_SECRET: '',
  };
  await using a = await startNode({ env, cwd: folder() });
  await using b = await startNode({ env, cwd: folder() });
  let rotating = true;
  const answers = [0, 0, 0, 0];
  const refused: unknown[] = [];
  const caller = async (n: number) => {
    for (let i = 0; rotating; i++) {
      const token = await server.sign({ sub: `peer ${n}`, username: 'Ann', jti: `${n}.${i}` });
      const { url } = i % 2 ? a : b;
      await new ApiClient(url, token).run(me).catch((error: unknown) => refused.push(error));
      answers[n] = (answers[n] ?? 0) + 1;
    }
  };
  /** Resolves when each caller has had two more answers: then no token of an older key is under way. */
  const twoAnswers = async () => {
    const least = answers.map((count) => count + 2);
    await until(() => answers.every((count, n) => count >= (least[n] ?? 0)), 'each caller has two answers');
  };
  const before = server.requests;
  const begun = performance.now();
  const callers = answers.map((_, n) => caller(n));
  const retired: string[] = [];
  for (let i = 0; i < 8; i++) {
    await twoAnswers();
    retired.push(await server.sign({ sub: 'late', username: 'Late' }));
    await server.rotate(['RS256', 'ES256', 'EdDSA'][i % 3] ?? 'ES256', 5);
  }
  await twoAnswers();
  rotating = false;
  await Promise.all(callers);
  expect(refused).toEqual([]);
  expect(Math.min(...answers)).toBeGreaterThan(17);
  const seconds = (performance.now() - begun) / 1000;
  expect(server.requests - before, 'at most once a second for each node').toBeLessThanOrEqual(
    2 * (seconds + 1),
  );
  // Of nine keys, the last five are in the set. An unknown key makes the nodes look.
  for (const { url } of [a, b]) {
    const code = { code: 'UNAUTHENTICATED' };
    for (const token of retired.slice(0, 4))
      await expect(new ApiClient(url, token).run(me)).rejects.toMatchObject(code);
  }
});

test('a node that has kept the keys starts while JWKS_URL is dead; one that has not stops with one line', {
  timeout: 120_000,
}, async () => {
  const server = await provider('ES256');
  const cwd = folder();
  const env = { JWKS_URL: `${server.url}?apikey=hunter2`, TOKEN_SECRET: '' };
  const first = await startNode({ env, cwd });
  await first.kill();
  const token = await server.sign({ sub: 'ann', username: 'Ann' });
  await server.stop();

  await using again = await startNode({ env, cwd });
  expect(await new ApiClient(again.url, token).run(me)).toMatchObject({ me: { id: 'ann' } });
  const unknown = await server.sign({ sub: 'eve', username: 'Eve' }, { ...server.newest, kid: 'unknown' });
  const unavailable = { code: 'UNAVAILABLE', status: 503 };
  await expect(new ApiClient(again.url, unknown).run(me)).rejects.toMatchObject(unavailable);
  await expect(MessageStream.open(again.url, unknown)).rejects.toMatchObject(unavailable);
  await expect(access(again.url, 'eve'), 'no secret, no guests').rejects.toMatchObject({ code: 'FORBIDDEN' });

  const fresh = new NodeProcess({ env, cwd: folder() });
  onTestFinished(() => fresh[Symbol.asyncDispose]());
  expect(await fresh.exited).toMatchObject({ code: 1 });
  expect(fresh.stderr).toBe(
    'The keys of JWKS_URL cannot be fetched (ECONNREFUSED), and none of the last day are kept.\n',
  );
  for (const { output } of [first, again, fresh].map((node) => ({ output: node.output() }))) {
    expect(output).not.toContain('hunter2');
    expect(output).not.toContain(unknown);
  }
  expect(again.output()).toContain('TOKEN_AUDIENCE is not set');
});
