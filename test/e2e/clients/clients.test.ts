/**
 * Runs the code of docs/clients as it stands there. All clients meet in one room and go through the same failures at the
 * same time, since each failure takes as long for one as for all.
 */
import type { Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type Box, connect, type Room } from '../../../src/client/index.ts';
import { launchChromium } from '../../support/chromium.ts';
import type { Connected, Message } from '../../support/client.ts';
import { type NodeProcess, startNode } from '../../support/node.ts';
import { freshPrefix, type RedisServer, startRedis } from '../../support/redis.ts';
import { until } from '../../support/until.ts';
import { Balancer } from './balancer.ts';
import { type Program, run } from './program.ts';
import { type Client, servePages, visit } from './visitor.ts';

/** The pages whose code is for browsers. */
const inBrowser = [
  ...['apollo', 'apollo-sse', 'urql', 'urql-sse', 'graphql-sse', 'graphql-sse-short'],
  ...['event-source', 'event-source-polyfill', 'event-source-reconnecting'],
  ...['fetch-event-source', 'react-native-sse', 'react-query', 'relay'],
];

/** The pages whose code is for a terminal. */
const inTerminal: readonly Program[] = [
  { name: 'curl', follow: ['bash', 'follow.sh'], send: ['bash', 'send.sh'] },
  { name: 'python', follow: ['python3', 'client.py'] },
];

/** The life of a token. Its pages renew it after half of that: time enough also on a busy machine. */
const tokenSeconds = 20;

vi.setConfig({ testTimeout: 60_000 });

let redis: RedisServer;
let balancer: Balancer;
let browser: Browser;
let pages: Server;
let ben: Box;
let lobby: Room;
let clients: readonly Client[];
const nodes: NodeProcess[] = [];

beforeAll(async () => {
  redis = await startRedis();
  const env = {
    REDIS_URL: redis.url,
    REDIS_PREFIX: freshPrefix(),
    TOKEN_TTL_SECONDS: `${tokenSeconds}`,
    DRAIN_SECONDS: '2',
    // A connection that dies in silence is noticed after 25 s. If the token expires before, the session must last so long.
    GRACE_SECONDS: '30',
  };
  nodes.push(...(await Promise.all([startNode({ env }), startNode({ env }), startNode({ env })])));
  balancer = await Balancer.start(nodes.map(({ url }) => url));
  browser = await launchChromium(['--renderer-process-limit=2']);
  pages = await servePages(inBrowser, balancer.url);
  // The other side of all tests: our own client. Nothing befalls its node.
  ben = await connect(nodes.at(-1)?.url ?? '', { username: 'ben' });
  lobby = await ben.join('lobby');
  clients = await Promise.all([
    ...inBrowser.map((name) => visit(browser, pages, name)),
    ...inTerminal.map((program) => run(program, balancer.url)),
  ]);
}, 120_000);

afterAll(async () => {
  ben?.close();
  for (const client of clients ?? []) await client[Symbol.asyncDispose]();
  pages?.close();
  await browser?.close();
  await balancer?.[Symbol.asyncDispose]();
  for (const node of nodes) await node.kill('SIGKILL');
  await redis?.stop();
}, 30_000);

let said = 0;

/** Ben says the next few numbers in the room. */
function speak(count: number): void {
  for (let i = 0; i < count; i++) lobby.broadcast('number', ++said);
}

/** Expects that each client has all that Ben said, in order and nothing twice, and shows it where its page has lists. */
async function expectAllHeard(): Promise<void> {
  const expected = Array.from({ length: said }, (_, i) => i + 1);
  const ofEach = async <Value>(look: (client: Client) => Promise<Value>) =>
    Object.fromEntries(
      await Promise.all(clients.map(async (client) => [client.name, await look(client)] as const)),
    );
  const heard = () => ofEach(async (client) => numbersIn(await client.messages()));
  const shown = () => ofEach(async (client) => (await client.lists()).map(numbersOf));
  // Each look asks all pages, so it does not look too often.
  const hasAll = async () => Object.values(await heard()).every((numbers) => numbers.includes(said));
  await expect
    .poll(hasAll, { interval: 200 })
    .toBe(true)
    .catch(() => undefined);
  expect(await heard(), complaints()).toEqual(await ofEach(async () => expected));
  await expect
    .poll(shown, { interval: 200 })
    .toEqual(await ofEach(async (client) => (await client.lists()).map(() => expected)));
  expect(lobby.peers.length, 'the room has no ghosts').toBe(clients.length);
}

/** What went wrong in the pages, for the report of a test. */
function complaints(): string {
  return clients.map((client) => `${client.name}: ${client.complaints().join(', ')}`).join('\n');
}

function numbersIn(messages: readonly Message[]): readonly unknown[] {
  return messages.flatMap((message) =>
    message.__typename === 'Signal' && message.event === 'number' ? [message.data] : [],
  );
}

/** What Ben said, from the lines of a list. */
function numbersOf(lines: readonly string[]): readonly number[] {
  return lines.filter((line) => line.startsWith('ben: ')).map((line) => Number(line.slice(5)));
}

/** `resumed` of the last `Connected` of each client, and how many it has had. */
async function connections(): Promise<Record<string, { readonly count: number; readonly resumed: boolean }>> {
  const entries = clients.map(async (client) => {
    const all = (await client.messages()).filter((m): m is Connected => m.__typename === 'Connected');
    return [client.name, { count: all.length, resumed: all.at(-1)?.resumed ?? false }] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

/** Waits until each client has connected again since `before`, and expects that its session went on. */
async function expectAllResumed(
  before: Awaited<ReturnType<typeof connections>>,
  patienceMs = 20_000,
): Promise<void> {
  const away = async () => {
    const now = await connections();
    const names = clients.map(({ name }) => name);
    return names.filter((name) => (now[name]?.count ?? 0) <= (before[name]?.count ?? 0));
  };
  await expect.poll(away, { interval: 200, timeout: patienceMs }).toEqual([]);
  const now = await connections();
  const resumed = Object.entries(now).map(([name, { resumed }]) => [name, resumed]);
  expect(Object.fromEntries(resumed), complaints()).toEqual(
    Object.fromEntries(clients.map(({ name }) => [name, true])),
  );
}

test('the code of each page enters the room and gets the messages of others', async () => {
  await until(() => lobby.peers.length === clients.length, 'all clients are in the room');
  speak(3);
  await expectAllHeard();
});

test('G3: each client comes back after a lost connection, and has each message once', async () => {
  const before = await connections();
  balancer.cut();
  speak(3);
  await expectAllResumed(before);
  await expectAllHeard();
});

test('G14: a message whose answer was lost arrives once, and before the next', async () => {
  for (const client of clients) {
    const arrived: unknown[] = [];
    const off = lobby.on('message', (_, event, data) => event === client.name && arrived.push(data));
    const lost = balancer.loseAnswer(`"${client.name}"`);
    const first = client.send(client.name, 1);
    // The functions for browsers and for Python send in order by themselves. Each run of a script is a process.
    if (client.name === 'curl') await first;
    await Promise.all([first, client.send(client.name, 2), lost]);
    await until(() => arrived.includes(2), `the last message of ${client.name} arrived`);
    off();
    expect(arrived, client.name).toEqual([1, 2]);
  }
});

test('G3: each client goes on at another node when its own was killed, and has each message once', async () => {
  const before = await connections();
  await nodes[0]?.kill('SIGKILL');
  speak(3);
  await expectAllResumed(before);
  await expectAllHeard();
});

test('G11: each client goes on at another node when its own drains, and has each message once', async () => {
  const [, draining, last] = nodes;
  const before = await connections();
  balancer.route([last?.url ?? '']);
  const drained = draining?.kill('SIGTERM');
  speak(3);
  await expectAllResumed(before);
  await expectAllHeard();
  expect(await drained).toEqual({ code: 0, signal: null });
});

test('G10: each client comes back when Redis was away, and has each message once', async () => {
  const before = await connections();
  process.kill(redis.pid, 'SIGSTOP');
  balancer.cut();
  speak(3);
  // Long enough for several attempts, which all fail.
  await sleep(4000);
  process.kill(redis.pid, 'SIGCONT');
  await expectAllResumed(before);
  await expectAllHeard();
});

test('G9: each client goes on with a new token when its own has expired, and has each message once', async () => {
  const before = await connections();
  const resumed = expectAllResumed(before, (tokenSeconds + 10) * 1000);
  while (await Promise.race([resumed.then(() => false), sleep(500, true)])) speak(1);
  await expectAllHeard();
});

test('G3: each client comes back when its connection has died in silence, and has each message once', async () => {
  const before = await connections();
  balancer.freezeStreams();
  speak(3);
  await expectAllResumed(before, 35_000);
  await expectAllHeard();
});
