import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { expect, inject, test } from 'vitest';
import pkg from '../package.json' with { type: 'json' };
import { NodeProcess, startNode } from './support/node.ts';
import { freshPrefix } from './support/redis.ts';

const bin = fileURLToPath(new URL('../bin/signalbox.js', import.meta.url));

async function portOf(server: Server): Promise<number> {
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || !address) throw new Error('A TCP server has an address.');
  return address.port;
}

/** A client in the middle of a request, which it never ends: closing has to wait for it. */
async function hangOn(node: NodeProcess): Promise<Socket> {
  const socket = connect(Number(new URL(node.url).port), '127.0.0.1');
  socket.write('POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n');
  socket.write('Content-Length: 100\r\nExpect: 100-continue\r\n\r\n');
  const [answer] = await once(socket, 'data');
  expect(`${answer}`).toContain('100 Continue');
  return socket;
}

/** What an operator sees of a start that fails: one line on stderr, nothing on stdout, and 1. */
async function failure(options: ConstructorParameters<typeof NodeProcess>[0]): Promise<string> {
  await using node = new NodeProcess(options);
  expect(await node.exited).toEqual({ code: 1, signal: null });
  expect(node.stdout.split('\n').filter((line) => !line.startsWith('{'))).toEqual(['']);
  expect(node.stderr).toMatch(/^[^\n]+\n$/);
  return node.stderr.trimEnd();
}

test.each(['--help', '-h'])('%s prints every setting and exits with 0', async (flag) => {
  await using node = new NodeProcess({ args: [flag] });
  expect(await node.exited).toEqual({ code: 0, signal: null });
  for (const word of ['PORT', '--grace-seconds', 'TOKEN_SECRET', '65536']) {
    expect(node.stdout).toContain(word);
  }
  expect(node.stderr).toBe('');
});

test.each(['--version', '-v'])('%s prints the version alone', async (flag) => {
  await using node = new NodeProcess({ args: [flag] });
  expect(await node.exited).toEqual({ code: 0, signal: null });
  expect(node.stdout).toBe(`${pkg.version}\n`);
});

test('a wrong value stops the start with one line', async () => {
  expect(await failure({ env: { GRACE_SECONDS: 'soon' } })).toBe(
    'GRACE_SECONDS is "soon"; it takes a number of seconds from 0.1 to 3600.',
  );
});

test('a port in use stops the start with one line that names it', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  const port = await portOf(other);
  try {
    expect(await failure({ env: { HOST: '127.0.0.1', PORT: `${port}` } })).toBe(
      `PORT ${port} is in use on HOST 127.0.0.1: stop what listens there, or set another PORT.`,
    );
  } finally {
    other.close();
  }
});

test('a HOST that is none of this machine stops the start with one line', async () => {
  // 192.0.2.0/24 is kept for documentation (RFC 5737).
  expect(await failure({ env: { HOST: '192.0.2.1' } })).toMatch(/^HOST 192\.0\.2\.1 is no address/);
});

test('a Redis that is not there stops the start with one line, soon', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  const port = await portOf(server);
  server.close();
  await once(server, 'close');
  const since = performance.now();
  const line = await failure({ env: { REDIS_URL: `redis://me:hunter2@127.0.0.1:${port}` } });
  // The hub tries for 5 seconds at most; the rest is for a busy machine to start Node in.
  expect(performance.now() - since).toBeLessThan(12_000);
  expect(line).toContain(`Redis at 127.0.0.1:${port}`);
  expect(line).not.toContain('hunter2');
});

test.each(['SIGTERM', 'SIGINT'] as const)('G11: %s ends the server with 0', async (signal) => {
  await using node = await startNode();
  const health = await fetch(`${node.url}/health`);
  expect(health.status).toBe(200);
  expect(await node.kill(signal)).toEqual({ code: 0, signal: null });
  await expect(fetch(`${node.url}/health`)).rejects.toThrow('fetch failed');
  expect(node.stderr).toBe('');
});

test('G11: a second signal ends the server at once', async () => {
  await using node = await startNode({ env: { HOST: '127.0.0.1' } });
  const socket = await hangOn(node);
  void node.kill('SIGTERM');
  await node.logged('stopping');
  expect(await node.kill('SIGTERM')).toEqual({ code: 1, signal: null });
  socket.destroy();
});

test('G11: a client that hangs does not keep the server from ending', async () => {
  await using node = await startNode({ env: { HOST: '127.0.0.1' } });
  const socket = await hangOn(node);
  const cut = once(socket.resume(), 'close');
  expect(await node.kill('SIGTERM')).toEqual({ code: 0, signal: null });
  await cut;
});

test('on Redis it says where, without the credentials', async () => {
  const redisUrl = inject('redisUrl');
  const withUser = redisUrl.replace('redis://', 'redis://default:@');
  await using node = await startNode({ env: { REDIS_URL: withUser, REDIS_PREFIX: freshPrefix() } });
  const where = `on Redis at ${redisUrl.replace('redis://', '')}/0`;
  expect(await node.logged('listening')).toMatchObject({ hub: expect.stringContaining(where) });
  expect(node.output()).not.toContain('default:@');
  const ready = await fetch(`${node.url}/ready`);
  expect(ready.status).toBe(200);
  expect(await node.kill()).toEqual({ code: 0, signal: null });
});

test('the banner gives the links, save in production', async () => {
  await using node = await startNode();
  // The banner follows the line that says "listening": at its end all of it is there.
  await node.kill();
  expect(node.stdout).toContain(`GraphiQL  ${node.url}/graphql\n`);
  expect(node.stdout).toContain('in memory');

  await using production = await startNode({ env: { NODE_ENV: 'production' } });
  await production.kill();
  const lines = production.stdout.trimEnd().split('\n');
  expect(lines.filter((line) => !line.startsWith('{'))).toEqual([]);
});

test('a missing TOKEN_SECRET is warned of, and the one that is given is never shown', async () => {
  await using random = await startNode({ env: { TOKEN_SECRET: '' } });
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

test('an old Node is told so in one line', async () => {
  const old = "Object.defineProperty(process,'versions',{value:{...process.versions,node:'20.20.2'}})";
  const nodeArgs = ['--import', `data:text/javascript,${encodeURIComponent(old)}`];
  expect(await failure({ nodeArgs })).toMatch(/^Signalbox needs Node 22 or newer; this is v20\.20\.2\. /);
});

test('a Node that runs no TypeScript is told so in one line', () => {
  const { status, stderr } = spawnSync(process.execPath, ['--no-experimental-strip-types', bin], {
    encoding: 'utf8',
  });
  expect(status).toBe(1);
  expect(stderr).toMatch(
    /^This is a checkout, and Node v[\d.]+ does not run its TypeScript: use `npm start`\.\n$/,
  );
});
