import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, inject, onTestFinished, test } from 'vitest';
import pkg from '../package.json' with { type: 'json' };
import { ApiClient, access } from './support/client.ts';
import { NodeProcess, startNode } from './support/node.ts';
import { freshPrefix } from './support/redis.ts';
import { until } from './support/until.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const bin = join(root, 'bin', 'signalbox.js');

async function portOf(server: Server): Promise<number> {
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || !address) throw new Error('The server has no TCP address.');
  return address.port;
}

/** Opens a client that never finishes its request, so that closing the node has to wait for it. */
async function hangOn(node: NodeProcess): Promise<Socket> {
  const socket = connect(Number(new URL(node.url).port), '127.0.0.1');
  socket.write('POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n');
  socket.write('Content-Length: 100\r\nExpect: 100-continue\r\n\r\n');
  const [answer] = await once(socket, 'data');
  expect(`${answer}`).toContain('100 Continue');
  return socket;
}

/** Expects that the start fails with exit code 1 and one line on stderr. Returns that line. */
async function failure(options: ConstructorParameters<typeof NodeProcess>[0]): Promise<string> {
  await using node = new NodeProcess(options);
  expect(await node.exited).toEqual({ code: 1, signal: null });
  expect(node.stdout.split('\n').filter((line) => !line.startsWith('{'))).toEqual(['']);
  expect(node.stderr).toMatch(/^[^\n]+\n$/);
  return node.stderr.trimEnd();
}

test.each(['--help', '-h'])('%s prints the settings and exits with 0', async (flag) => {
  await using node = new NodeProcess({ args: [flag] });
  expect(await node.exited).toEqual({ code: 0, signal: null });
  for (const word of ['PORT', '--grace-seconds', 'TOKEN_SECRET', '65536']) {
    expect(node.stdout).toContain(word);
  }
  expect(node.stderr).toBe('');
});

test.each(['--version', '-v'])('%s prints only the version and exits with 0', async (flag) => {
  await using node = new NodeProcess({ args: [flag] });
  expect(await node.exited).toEqual({ code: 0, signal: null });
  expect(node.stdout).toBe(`${pkg.version}\n`);
});

test('a wrong setting stops the start with one line', async () => {
  expect(await failure({ env: { GRACE_SECONDS: 'soon' } })).toBe(
    'GRACE_SECONDS is "soon"; it takes a number of seconds from 0.1 to 3600.',
  );
});

test('a port that is in use stops the start with one line that names the port', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  const port = await portOf(other);
  try {
    expect(await failure({ env: { HOST: '127.0.0.1', PORT: `${port}` } })).toBe(
      `PORT ${port} is in use on HOST 127.0.0.1: stop the program that listens there, or set another PORT.`,
    );
  } finally {
    other.close();
  }
});

test('a HOST that is not an address of this machine stops the start with one line', async () => {
  // RFC 5737 reserves 192.0.2.0/24 for documentation.
  expect(await failure({ env: { HOST: '192.0.2.1' } })).toMatch(
    /^HOST 192\.0\.2\.1 is not an address of this machine/,
  );
});

test('a Redis that cannot be reached stops the start within seconds, with one line without the password', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  const port = await portOf(server);
  server.close();
  await once(server, 'close');
  const since = performance.now();
  const line = await failure({ env: { REDIS_URL: `redis://me:hunter2@127.0.0.1:${port}` } });
  // The hub tries for at most 5 seconds. The rest is the time in which a busy machine starts Node.js.
  expect(performance.now() - since).toBeLessThan(12_000);
  expect(line).toContain(`Redis at 127.0.0.1:${port}`);
  expect(line).not.toContain('hunter2');
});

test.each(['SIGTERM', 'SIGINT'] as const)('G11: a node that gets %s exits with 0', async (signal) => {
  await using node = await startNode();
  const health = await fetch(`${node.url}/health`);
  expect(health.status).toBe(200);
  expect(await node.kill(signal)).toEqual({ code: 0, signal: null });
  await expect(fetch(`${node.url}/health`)).rejects.toThrow('fetch failed');
  expect(node.stderr).toContain('Ctrl+C stops the server');
});

test('G11: SIGTERM to `npm start` reaches the server, and npm waits for its end', async () => {
  await using npm = await startNode({ command: ['npm', 'start'], cwd: root });
  const { url } = npm;
  expect(await npm.kill('SIGTERM')).toEqual({ code: 0, signal: null });
  expect(npm.log().map(({ msg }) => msg)).toEqual(['listening', 'stopping']);
  await expect(fetch(`${url}/health`)).rejects.toThrow('fetch failed');
});

test('`npm run dev` starts the server again if a file of the schema changes', async () => {
  await using npm = await startNode({ command: ['npm', 'run', 'dev'], cwd: root });
  const now = new Date();
  utimesSync(join(root, 'schema', 'query.graphql'), now, now);
  const starts = () => npm.log().filter(({ msg }) => msg === 'listening').length;
  await until(() => starts() > 1, 'the server has started again');
  await npm.kill('SIGTERM');
});

test('G11: a node that gets a second SIGTERM exits at once with 1', async () => {
  await using node = await startNode({ env: { HOST: '127.0.0.1' } });
  const socket = await hangOn(node);
  void node.kill('SIGTERM');
  await node.logged('stopping');
  expect(await node.kill('SIGTERM')).toEqual({ code: 1, signal: null });
  socket.destroy();
});

test('G11: a node that gets SIGTERM exits even if a client never finishes its request', async () => {
  await using node = await startNode({ env: { HOST: '127.0.0.1' } });
  const socket = await hangOn(node);
  const cut = once(socket.resume(), 'close');
  expect(await node.kill('SIGTERM')).toEqual({ code: 0, signal: null });
  await cut;
});

test('a node on Redis logs the address of its Redis without the credentials, and is ready', async () => {
  const redisUrl = inject('redisUrl');
  const withUser = redisUrl.replace('redis://', 'redis://default:@');
  await using node = await startNode({ env: { REDIS_URL: withUser, REDIS_PREFIX: freshPrefix() } });
  const address = `on Redis at ${redisUrl.replace('redis://', '')}/0`;
  expect(await node.logged('listening')).toMatchObject({ hub: expect.stringContaining(address) });
  expect(node.output()).not.toContain('default:@');
  const ready = await fetch(`${node.url}/ready`);
  expect(ready.status).toBe(200);
  expect(await node.kill()).toEqual({ code: 0, signal: null });
});

test('a node prints the banner with its links on stderr, except in production', async () => {
  await using node = await startNode();
  // The banner follows the log line "listening". It is complete when the node has ended.
  await node.kill();
  expect(node.stderr).toContain(`GraphiQL  ${node.url}/graphql\n`);
  expect(node.stderr).toContain('in memory');
  expect(node.stdout.split('\n').filter((line) => !line.startsWith('{'))).toEqual(['']);

  await using production = await startNode({ env: { NODE_ENV: 'production' } });
  await production.kill();
  expect(production.stderr).toBe('');
  const lines = production.stdout.trimEnd().split('\n');
  expect(lines.filter((line) => !line.startsWith('{'))).toEqual([]);
});

test('without TOKEN_SECRET, a restart ends no token', async () => {
  const cwd = mkdtempSync(join(tmpdir(), 'signalbox-'));
  onTestFinished(() => rmSync(cwd, { recursive: true }));
  const env = { TOKEN_SECRET: '' };
  await using first = await startNode({ cwd, env });
  const { token, peer } = await access(first.url, 'ann');
  await first.kill();
  await using second = await startNode({ cwd, env });
  const client = new ApiClient(second.url, token);
  expect(await client.run('{ me { id } }')).toEqual({ me: { id: peer.id } });
  const secret = readFileSync(join(cwd, '.signalbox-secret'), 'utf8').trim();
  expect(first.output() + second.output()).not.toContain(secret);
  expect(second.log().filter(({ level }) => Number(level) >= 40)).toEqual([]);
});

test('a node warns if it can keep no secret, and never prints a secret that is set', async () => {
  const cwd = mkdtempSync(join(tmpdir(), 'signalbox-'));
  onTestFinished(() => rmSync(cwd, { recursive: true }));
  writeFileSync(join(cwd, '.signalbox-secret'), 'short', { mode: 0o600 });
  await using random = await startNode({ cwd, env: { TOKEN_SECRET: '' } });
  await random.kill();
  expect(random.log()).toContainEqual(
    expect.objectContaining({ level: 40, msg: expect.stringContaining('TOKEN_SECRET is not set') }),
  );

  const secret = 'hunter2 hunter2 hunter2 hunter2 hunter2';
  await using given = await startNode({ env: { TOKEN_SECRET: secret, LOG_LEVEL: 'trace' } });
  await given.kill();
  expect(given.output()).not.toContain('hunter2');
  expect(given.output()).not.toContain('TOKEN_SECRET');
});

test('a node in development logs who joins, and a node in production does not', async () => {
  await using node = await startNode({ env: { NODE_ENV: 'development' } });
  await access(node.url, 'ann');
  expect(await node.logged('ann got a token')).toMatchObject({ level: 30 });
  await using production = await startNode({ env: { NODE_ENV: 'production' } });
  await access(production.url, 'ann');
  await production.kill();
  expect(production.output()).not.toContain('ann');
});

test('a node that a network can reach says that it admits no guests, unless GUEST_ACCESS is set', async () => {
  await using open = await startNode({ env: { HOST: '0.0.0.0' } });
  await expect(access(open.url, 'ann')).rejects.toMatchObject({ code: 'FORBIDDEN' });
  expect(open.log()).toContainEqual(
    expect.objectContaining({ msg: expect.stringContaining('GUEST_ACCESS') }),
  );
  await using asked = await startNode({ env: { HOST: '0.0.0.0', GUEST_ACCESS: 'true' } });
  expect(await access(asked.url, 'ann')).toMatchObject({ peer: { username: 'ann' } });
});

test('a Node.js that is too old stops the start with one line', async () => {
  const old = "Object.defineProperty(process,'versions',{value:{...process.versions,node:'20.20.2'}})";
  const nodeArgs = ['--import', `data:text/javascript,${encodeURIComponent(old)}`];
  expect(await failure({ nodeArgs })).toMatch(/^Signalbox needs Node\.js 22 or newer; this is v20\.20\.2\. /);
});

test('a Node.js that cannot run TypeScript stops the start of a checkout with one line', () => {
  const { status, stderr } = spawnSync(process.execPath, ['--no-experimental-strip-types', bin], {
    encoding: 'utf8',
  });
  expect(status).toBe(1);
  expect(stderr).toMatch(
    /^Node\.js v[\d.]+ does not run the TypeScript of this checkout: use `npm start`\.\n$/,
  );
});
