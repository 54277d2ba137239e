import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { readFlags, readNumber } from '../scripts/flags.ts';
import { ApiClient, access } from '../test/support/client.ts';
import { MessageStream } from '../test/support/message-stream.ts';
import { type NodeProcess, startNode } from '../test/support/node.ts';
import { startRedis } from '../test/support/redis.ts';
import { soakUnderAttack } from './attacked.ts';
import { plot, type Sample } from './plot.ts';
import { progress } from './progress.ts';

/**
 * Opens sessions at a steady rate. Each joins a room, relays and ends. Meanwhile this watches the memory of two nodes and
 * their Redis, which must not grow.
 */

const help = `Watches the memory of two nodes and their Redis while sessions come and go.

  --minutes N   how long; default 10
  --rate N      sessions per minute; default 5000
  --svg FILE    also draw the memory over time into this file
  --attacked    instead: watch a node of 512 MB under all attacks of one address, with 200 honest peers of other
                addresses that must lose nothing; once in memory and once on Redis
  --seconds N   how long each of these takes; default 600
  --json FILE   also write their results to this file
  --help        print this help
`;

const flags = readFlags(help, {
  minutes: { type: 'string', default: '10' },
  rate: { type: 'string', default: '5000' },
  svg: { type: 'string' },
  attacked: { type: 'boolean', default: false },
  seconds: { type: 'string', default: '600' },
  json: { type: 'string' },
});
const minutes = readNumber('--minutes', flags.minutes, 1, help);
const rate = readNumber('--rate', flags.rate, 1, help);

const roomCount = 50;
const relaysEach = 3;
/** How long a session lasts, in milliseconds. At the default rate, some two hundred sessions are open at a time. */
const stayMs = 2000;
const sampleMs = 5000;

const counts = { sessions: 0, relays: 0, left: 0, failed: 0 };

/** One session, from its token to the end of its connection. Every second one leaves its room first. */
async function session(n: number, nodes: readonly NodeProcess[]): Promise<void> {
  const home = nodes[n % 2]?.url ?? '';
  const other = nodes[(n + 1) % 2]?.url ?? '';
  const roomId = `room ${n % roomCount}`;
  const { token, peer } = await access(home, `peer ${n}`);
  const api = new ApiClient(other, token);
  const stream = await MessageStream.open(home, token);
  await stream.messages.next();
  const { joinRoom } = await api.run<{ joinRoom: { members: { peer: { id: string } }[] } }>(
    'mutation ($roomId: ID!) { joinRoom(roomId: $roomId, state: { n: 1 }) { members { peer { id } } } }',
    { roomId },
  );
  const others = joinRoom.members.map((member) => member.peer).filter(({ id }) => id !== peer.id);
  for (let i = 0; i < relaysEach; i++) {
    const to = others[(n + i) % Math.max(1, others.length)];
    if (!to) break;
    await api
      .run(
        'mutation ($r: ID!, $p: ID!) { relay(roomId: $r, peerId: $p, event: "m", data: { sdp: "v=0" }) { cursor } }',
        {
          r: roomId,
          p: to.id,
        },
      )
      // The target may have gone meanwhile.
      .catch(() => undefined);
    counts.relays += 1;
    await sleep(stayMs / relaysEach);
  }
  if (n % 2 === 0) {
    await api.run('mutation ($r: ID!) { leaveRoom(roomId: $r) }', { r: roomId });
    counts.left += 1;
  }
  await stream.drop();
  counts.sessions += 1;
}

function rssOf(pid: number): number {
  const line = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(line?.[1] ?? 0) / 1024;
}

async function sample(sinceMs: number, nodes: readonly NodeProcess[], redis: Redis): Promise<Sample> {
  const info = await redis.info('memory');
  return {
    minutes: (performance.now() - sinceMs) / 60_000,
    nodesMiB: nodes.map(({ pid }) => rssOf(pid)),
    redisMiB: Number(/^used_memory:(\d+)/m.exec(info)?.[1] ?? 0) / 1024 / 1024,
    keys: await redis.dbsize(),
  };
}

async function run(minutes: number, ratePerMinute: number): Promise<readonly Sample[]> {
  await using redis = await startRedis();
  const env = { REDIS_URL: redis.url, LOG_LEVEL: 'warn', NODE_ENV: 'production' };
  await using one = await startNode({ env: { ...env, LOG_LEVEL: 'info' } });
  await using two = await startNode({ env: { ...env, LOG_LEVEL: 'info' } });
  const nodes = [one, two];
  const client = redis.client();
  const samples: Sample[] = [];
  const begun = performance.now();
  const open = new Set<Promise<void>>();
  let nextSample = 0;
  for (let n = 0; performance.now() - begun < minutes * 60_000; n++) {
    const one = session(n, nodes)
      .catch((error: Error) => {
        counts.failed += 1;
        process.stderr.write(`A session failed: ${error.message}\n`);
      })
      .finally(() => open.delete(one));
    open.add(one);
    if (performance.now() - begun >= nextSample) {
      nextSample += sampleMs;
      samples.push(await sample(begun, nodes, client));
      print(samples.at(-1));
    }
    const due = ((n + 1) * 60_000) / ratePerMinute - (performance.now() - begun);
    if (due > 0) await sleep(due);
  }
  await Promise.all(open);
  samples.push(await sample(begun, nodes, client));
  return samples;
}

function print(line: Sample | undefined): void {
  if (!line) return;
  const nodes = line.nodesMiB.map((mib) => mib.toFixed(0)).join(' + ');
  process.stdout.write(
    `${line.minutes.toFixed(1)} min  nodes ${nodes} MiB  Redis ${line.redisMiB.toFixed(1)} MiB  ${line.keys} keys  ${counts.sessions} sessions\n`,
  );
}

if (flags.attacked) {
  const seconds = readNumber('--seconds', flags.seconds, 1, help);
  progress(`The soak under attack takes ${seconds} s on each hub. It prints a line every 5 seconds.`);
  const results = await soakUnderAttack(seconds);
  const json = `${JSON.stringify(results, null, 2)}\n`;
  process.stdout.write(json);
  if (flags.json !== undefined) writeFileSync(flags.json, json);
  process.exit(results.some(({ faults }) => faults.length > 0) ? 1 : 0);
}

progress(`The soak takes ${minutes} min. It prints a line every ${sampleMs / 1000} seconds.`);
const samples = await run(minutes, rate);
if (flags.svg !== undefined) writeFileSync(flags.svg, plot(samples));
process.stdout.write(`${JSON.stringify(counts)}\n`);
process.exit(counts.failed > 0 ? 1 : 0);
