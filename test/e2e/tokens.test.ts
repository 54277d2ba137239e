import { generateKeyPairSync } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { exportSPKI, type JWTPayload, jwtVerify, SignJWT, UnsecuredJWT } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ApiClient, access, type Peer } from '../support/client.ts';
import { MessageStream } from '../support/message-stream.ts';
import { type NodeProcess, startNode, tokenSecret } from '../support/node.ts';
import { GuestPeer, wholly } from './peer.ts';

const secret = new TextEncoder().encode(tokenSecret);
const claims = { sub: 'ann', username: 'Ann' };

const secondSecret = 'a second secret: 32 bytes or more too';

function sign(payload: JWTPayload, alg = 'HS256', key: Parameters<SignJWT['sign']>[0] = secret, exp = '1 h') {
  return new SignJWT(payload).setProtectedHeader({ alg }).setExpirationTime(exp).sign(key);
}

interface Renewed {
  readonly renew: { readonly token: string; readonly peer: Peer; readonly expiresAt: string };
}

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });

/** Tokens that are refused, by what is wrong with them, with a part of the error's message. */
const refused: Readonly<Record<string, { token: () => Promise<string> | string; why: string }>> = {
  'that has expired': { token: () => sign(claims, 'HS256', secret, '-1 s'), why: 'it expired at' },
  'made with another secret': {
    token: () => sign(claims, 'HS256', new TextEncoder().encode('a secret of somebody else, long enough')),
    why: 'another secret',
  },
  'without a signature': {
    token: () => new UnsecuredJWT(claims).setExpirationTime('1 h').encode(),
    why: 'its algorithm is not HS256',
  },
  'signed with RS256': {
    token: () => sign(claims, 'RS256', rsa.privateKey),
    why: 'its algorithm is not HS256',
  },
  'signed with a public key as the secret': {
    token: async () => sign(claims, 'HS256', new TextEncoder().encode(await exportSPKI(rsa.publicKey))),
    why: 'another secret',
  },
  'signed with HS512': {
    token: () => sign(claims, 'HS512', new Uint8Array(Buffer.alloc(64, tokenSecret))),
    why: 'its algorithm is not HS256',
  },
  'without `sub`': { token: () => sign({ username: 'Ann' }), why: 'no `sub`' },
  'whose `sub` is a number': {
    token: () => sign({ ...claims, sub: 42 as unknown as string }),
    why: 'its `sub` is not a string',
  },
  'without `exp`': {
    token: () => new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).sign(secret),
    why: 'no `exp`',
  },
  'whose `exp` no clock can show': {
    token: () => new SignJWT({ ...claims, exp: 1e16 }).setProtectedHeader({ alg: 'HS256' }).sign(secret),
    why: '`exp` is not a time that exists',
  },
  'whose `username` shows nothing': {
    token: () => sign({ ...claims, username: '\u3164' }),
    why: 'nothing visible',
  },
  'with an empty `sub`': { token: () => sign({ ...claims, sub: '' }), why: 'no `sub`' },
  'without `username`': { token: () => sign({ sub: 'ann' }), why: 'no `username`' },
  'whose `username` is a number': { token: () => sign({ ...claims, username: 5 }), why: 'no `username`' },
  'whose `username` does not print': {
    token: () => sign({ ...claims, username: 'Ann\u0007' }),
    why: 'do not print',
  },
  'that is valid only from tomorrow': {
    token: () =>
      new SignJWT(claims)
        .setProtectedHeader({ alg: 'HS256' })
        .setNotBefore('1 d')
        .setExpirationTime('2 d')
        .sign(secret),
    why: '`nbf`',
  },
  'whose claims were changed': {
    token: async () => {
      const [header, , signature] = (await sign(claims)).split('.');
      const payload = Buffer.from(JSON.stringify({ ...claims, sub: 'ben', exp: 2 ** 31 })).toString(
        'base64url',
      );
      return `${header}.${payload}.${signature}`;
    },
    why: 'its signature is wrong',
  },
  'that is not a JWT': { token: () => 'open-sesame', why: 'it is not a JWT' },
  'of three parts that are not base64url JSON': { token: () => 'a.b.c', why: 'it is not a JWT' },
  'that is empty': { token: () => '', why: 'needs a token' },
};

let node: NodeProcess;
beforeAll(async () => {
  node = await startNode({ env: { LOG_LEVEL: 'trace', TOKEN_SECRET: `${tokenSecret},${secondSecret}` } });
});
afterAll(() => node[Symbol.asyncDispose]());

test.each(Object.entries(refused))(
  'a token %s is refused with UNAUTHENTICATED, and the error says why',
  async (_what, { token, why }) => {
    const text = await token();
    const error = { code: 'UNAUTHENTICATED', status: 401, message: expect.stringContaining(why) };
    const client = new ApiClient(node.url, text);
    await expect(client.run('{ me { id } }')).rejects.toMatchObject(error);
    await expect(client.run('mutation { joinRoom(roomId: "r") { id } }')).rejects.toMatchObject(error);
    await expect(MessageStream.open(node.url, text)).rejects.toMatchObject(error);
    const strict = await client.send(
      { query: '{ me { id } }' },
      { accept: 'application/graphql-response+json' },
    );
    expect(strict.status).toBe(401);
    if (text !== '') expect(node.output()).not.toContain(text);
  },
);

test('a request without a token in the right place gets UNAUTHENTICATED, and the error says how to get a token', async () => {
  const { token } = await access(node.url, 'Ann');
  const query = '{ me { id } }';
  const attempts = [
    {},
    { headers: { authorization: `Basic ${token}` } },
    { headers: { authorization: token } },
    { headers: { authorization: `Bearer ${token} ${token}` } },
    // Proxies log URLs. Only an EventSource, which cannot set a header, may send its token in the URL.
    { search: `?access_token=${token}` },
    { headers: { cookie: `access_token=${token}` } },
  ];
  const client = new ApiClient(node.url);
  for (const attempt of attempts) {
    const { status, body } = await client.send({ query }, attempt);
    expect(status).toBe(401);
    expect(body.errors).toMatchObject([
      { extensions: { code: 'UNAUTHENTICATED' }, message: expect.stringContaining('the mutation `access`') },
    ]);
  }
  const get = await fetch(`${node.url}/graphql?${new URLSearchParams({ query, access_token: token })}`);
  expect(get.status).toBe(401);
});

test('a token that an application made with the same secret is accepted, and its peer is seen by its claims', async () => {
  const token = await sign({ ...claims, role: 'teacher' });
  expect(await new ApiClient(node.url, token).run('{ me { id username guest } }')).toEqual({
    me: { id: 'ann', username: 'Ann', guest: false },
  });
  const ann = new GuestPeer('ann', 'Ann', token, wholly(node));
  await ann.open();
  const ben = await GuestPeer.arrive('ben', wholly(node));
  await ben.join('r');
  await ann.join('r');
  await ann.broadcast('r', 'hello');
  await ben.inbox.take(1);
  expect(await ben.inbox.take(1)).toMatchObject([{ event: 'hello', peer: { id: 'ann', username: 'Ann' } }]);
  await Promise.all([ann.drop(), ben.drop()]);
});

test('`me { guest }` is true for a token from `access` or with the claim `guest: true`, and false for others', async () => {
  const guestOf = (token: string) => new ApiClient(node.url, token).run('{ me { guest } }');
  const { token, peer } = await access(node.url, 'eve');
  expect(peer.guest).toBe(true);
  expect(await guestOf(token)).toEqual({ me: { guest: true } });
  expect(await guestOf(await sign({ ...claims, signalbox: { guest: true } }))).toEqual({
    me: { guest: true },
  });
  expect(await guestOf(await sign(claims))).toEqual({ me: { guest: false } });
  expect(await guestOf(await sign({ ...claims, signalbox: {} }))).toEqual({ me: { guest: false } });
});

test('with several secrets in TOKEN_SECRET, a token that any of them signed is accepted', async () => {
  const key = new TextEncoder().encode(secondSecret);
  const client = new ApiClient(node.url, await sign(claims, 'HS256', key));
  expect(await client.run('{ me { id } }')).toEqual({ me: { id: 'ann' } });
  const { token } = await access(node.url, 'eve');
  expect((await jwtVerify(token, secret)).payload).toMatchObject({ username: 'eve' });
});

const renew = 'mutation { renew { token peer { id username guest } expiresAt } }';

test('`renew` gives a guest its next token, and refuses everyone else', async () => {
  const { token, peer } = await access(node.url, 'eve');
  const { renew: next } = await new ApiClient(node.url, token).run<Renewed>(renew);
  expect(next.peer).toEqual(peer);
  expect(new Date(next.expiresAt).getTime()).toBeGreaterThan(Date.now() + 3_500_000);
  expect(await new ApiClient(node.url, next.token).run('{ me { id guest } }')).toEqual({
    me: { id: peer.id, guest: true },
  });
  await expect(new ApiClient(node.url).run(renew)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  await expect(new ApiClient(node.url, await sign(claims)).run(renew)).rejects.toMatchObject({
    code: 'FORBIDDEN',
    status: 403,
    message: expect.stringContaining('Only the token of a guest'),
  });
});

test('G9: a guest whose stream ended with TOKEN_EXPIRED resumes with the token that `renew` gave it before', async () => {
  await using brief = await startNode({ env: { TOKEN_TTL_SECONDS: '4' } });
  const at = wholly(brief);
  const eve = await GuestPeer.arrive('eve', at);
  await eve.join('r');
  // So that the next token outlives this one by two seconds.
  await setTimeout(2000);
  const { renew: next } = await new ApiClient(brief.url, eve.token).run<Renewed>(renew);
  expect(await eve.outcome()).toEqual({ how: 'complete', code: 'TOKEN_EXPIRED' });
  const again = new GuestPeer(eve.id, 'eve', next.token, at);
  expect(await again.open({ after: eve.cursor })).toMatchObject({
    resumed: true,
    peer: { id: eve.id },
    rooms: [{ id: 'r', members: [{ peer: { id: eve.id, guest: true } }] }],
  });
  await again.drop();
});

test('with GUEST_ACCESS=false, `access` and `renew` get FORBIDDEN, and a token of an application is accepted', async () => {
  await using closed = await startNode({ env: { GUEST_ACCESS: 'false' } });
  await expect(access(closed.url, 'eve')).rejects.toMatchObject({
    code: 'FORBIDDEN',
    status: 403,
    message: expect.stringContaining('no guests'),
  });
  const guest = await sign({ ...claims, signalbox: { guest: true } });
  await expect(new ApiClient(closed.url, guest).run(renew)).rejects.toMatchObject({ code: 'FORBIDDEN' });
  const client = new ApiClient(closed.url, await sign(claims));
  expect(await client.run('{ me { id } }')).toEqual({ me: { id: 'ann' } });
});
