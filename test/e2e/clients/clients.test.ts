/**
 * Runs the code of docs/clients as it stands there. All clients meet in one room and go through the same failures at the
 * same time, since each failure takes as long for one as for all.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type NodeProcess, startNode } from '../../support/node.ts';
import { freshPrefix, type RedisServer, startRedis } from '../../support/redis.ts';
import { until } from '../../support/until.ts';
import { Balancer } from './balancer.ts';
import { Crowd } from './crowd.ts';

/** The life of a token. Its pages renew it after half of that: time enough also on a busy machine. */
const tokenSeconds = 20;
/** How long Redis is away: longer than a token lives, and longer than any grace period. */
const outageSeconds = 45;

vi.setConfig({ testTimeout: 60_000 });

let redis: RedisServer;
let balancer: Balancer;
let crowd: Crowd;
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
  crowd = await Crowd.gather({ url: balancer.url, benUrl: nodes.at(-1)?.url ?? '' });
}, 120_000);

afterAll(async () => {
  await crowd?.[Symbol.asyncDispose]();
  await balancer?.[Symbol.asyncDispose]();
  for (const node of nodes) await node.kill('SIGKILL');
  await redis?.stop();
}, 30_000);

test('the code of each page enters the room and gets the messages of others', async () => {
  crowd.speak(3);
  await crowd.expectAllHeard();
});

test('G3: each client comes back after a lost connection, and has each message once', async () => {
  const before = await crowd.connections();
  balancer.cut();
  crowd.speak(3);
  await crowd.expectAllResumed(before);
  await crowd.expectAllHeard();
});

test('G14: a message whose answer was lost arrives once, and before the next', async () => {
  for (const client of crowd.clients) {
    const arrived: unknown[] = [];
    const off = crowd.lobby.on('message', (_, event, data) => event === client.name && arrived.push(data));
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
  const before = await crowd.connections();
  await nodes[0]?.kill('SIGKILL');
  crowd.speak(3);
  await crowd.expectAllResumed(before);
  await crowd.expectAllHeard();
});

test('G11: each client goes on at another node when its own drains, and has each message once', async () => {
  const [, draining, last] = nodes;
  const before = await crowd.connections();
  balancer.route([last?.url ?? '']);
  const drained = draining?.kill('SIGTERM');
  crowd.speak(3);
  await crowd.expectAllResumed(before);
  await crowd.expectAllHeard();
  expect(await drained).toEqual({ code: 0, signal: null });
});

test('G10: each client comes back when Redis was away for long, and has each message once', {
  timeout: (outageSeconds + 60) * 1000,
}, async () => {
  const before = await crowd.connections();
  process.kill(redis.pid, 'SIGSTOP');
  balancer.cut();
  crowd.speak(3);
  // Many attempts fail, and tokens must be renewed meanwhile.
  await sleep(outageSeconds * 1000);
  process.kill(redis.pid, 'SIGCONT');
  await crowd.expectAllResumed(before);
  await crowd.expectAllHeard();
});

test('G9: each client goes on with a new token when its own has expired, and has each message once', async () => {
  const before = await crowd.connections();
  const resumed = crowd.expectAllResumed(before, (tokenSeconds + 10) * 1000);
  while (await Promise.race([resumed.then(() => false), sleep(500, true)])) crowd.speak(1);
  await crowd.expectAllHeard();
});

test('G3: each client comes back when its connection has died in silence, and has each message once', async () => {
  const before = await crowd.connections();
  balancer.freezeStreams();
  crowd.speak(3);
  await crowd.expectAllResumed(before, 35_000);
  await crowd.expectAllHeard();
});
