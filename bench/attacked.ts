import { setTimeout as sleep } from 'node:timers/promises';
import { HonestPeer } from '../test/support/honest-peer.ts';
import { type Findings, Ledger } from '../test/support/ledger.ts';
import { type RedisServer, startRedis } from '../test/support/redis.ts';
import { runAttack } from '../test/support/run-attack.ts';
import { median, quantile } from './figures.ts';
import { BenchNode } from './node.ts';
import { progress } from './progress.ts';
import { secret, signalbox } from './systems.ts';

/**
 * A process of 512 MB under all attacks of one address, with honest peers of other addresses (G3, G8, G13). On Redis
 * there is a second node: half of the peers have their streams there, and half call there.
 */

const peerCount = 200;
const roomSize = 10;
/** Messages per second of all peers together. */
const relaysPerSecond = 60;
const broadcastsPerSecond = 8;
const blipsPerSecond = 1;
/** Well within the grace period. */
const maxBlipMs = 3000;
/** As large as a session description. */
const data = 'v=0 '.repeat(500);

/** The young generation is small, as docs/operating.md advises: by default it may take 192 MB besides. */
const heapArgs = ['--max-old-space-size=384', '--max-semi-space-size=16'];
const maxRssMiB = 512;
/** What a process of this size can hold: each stream takes some 40 KB. */
const maxStreams = '2000';
const sampleMs = 5000;
/** How long the last messages may take. */
const settleMs = 20_000;
/** In a shorter run, memory still grows to its level. */
const leastSecondsToJudgeLevel = 300;

/** In MiB. */
interface Memory {
  readonly rss: number;
  readonly heap: number;
  readonly buffers: number;
}

export interface Attacked {
  readonly hub: string;
  readonly seconds: number;
  readonly findings: Findings;
  readonly refusals: Readonly<Record<string, number>>;
  /** How long an honest call takes, in milliseconds. */
  readonly p50: number;
  readonly p99: number;
  /** Of the attacked node, in MiB. */
  readonly peak: Memory;
  /** The median resident memory in the second and in the last third, in MiB. */
  readonly rssBefore: number;
  readonly rssAfter: number;
  /** Why the run failed. Empty: it did not. */
  readonly faults: readonly string[];
}

/** Runs it on both hubs, for so many seconds each. */
export async function soakUnderAttack(seconds: number): Promise<readonly Attacked[]> {
  await using redis = await startRedis();
  return [await underAttack('memory', seconds), await underAttack('Redis', seconds, redis)];
}

async function underAttack(hub: string, seconds: number, redis?: RedisServer): Promise<Attacked> {
  const env = {
    TOKEN_SECRET: secret,
    RATE_PEER: '1',
    RATE_ADDRESS: '1',
    MAX_STREAMS: maxStreams,
    ...(redis && { REDIS_URL: redis.url }),
  };
  await using stack = new AsyncDisposableStack();
  const start = async (nodeArgs: readonly string[]) => {
    const node = await BenchNode.start(signalbox.file, env, nodeArgs);
    stack.defer(() => node.stop());
    return node;
  };
  const attacked = await start(heapArgs);
  const other = redis ? await start([]) : attacked;
  const urls = [attacked, other].map(({ port }) => `http://127.0.0.1:${port}`);
  const [url = ''] = urls;
  const ledger = new Ledger();
  const peers = await arrive(urls, ledger);
  progress(`${hub}: ${peers.length} honest peers are there. The attacks begin.`);
  const attack = runAttack('all', url, seconds);
  const memory = await work(hub, peers, ledger, attacked, seconds);
  if (attacked.lives) await attack;
  const settled = performance.now() + settleMs;
  while (!ledger.settled && performance.now() < settled) await sleep(100);
  await Promise.all(peers.map((peer) => peer.leave()));
  return judge(hub, seconds, ledger, memory, attacked.lives);
}

async function arrive(urls: readonly string[], ledger: Ledger): Promise<HonestPeer[]> {
  const peers: HonestPeer[] = [];
  for (let i = 0; i < peerCount; i++) {
    const [url = '', home = ''] = i % 2 === 0 ? urls : urls.toReversed();
    // Some peers share an address, as in an office.
    const address = `127.1.${Math.floor(i / 100)}.${1 + (Math.floor(i / 2) % 50)}`;
    peers.push(await HonestPeer.arrive({ url, home }, address, `room ${Math.floor(i / roomSize)}`, ledger));
  }
  for (let i = 0; i < peerCount; i += roomSize) {
    const members = peers.slice(i, i + roomSize);
    for (const peer of members) peer.meet(members);
  }
  return peers;
}

/** Lets the peers send, and samples the memory of the attacked node, until the time is over or the node has ended. */
async function work(
  hub: string,
  peers: readonly HonestPeer[],
  ledger: Ledger,
  attacked: BenchNode,
  seconds: number,
): Promise<Memory[]> {
  const samples: Memory[] = [];
  const under = new Set<Promise<void>>();
  const begin = (doing: Promise<void>) => {
    const done = doing.finally(() => under.delete(done));
    under.add(done);
  };
  const timers = [
    every(1000 / relaysPerSecond, () => begin(oneOf(peers).relay(data))),
    every(1000 / broadcastsPerSecond, () => begin(oneOf(peers).broadcast(data))),
    every(1000 / blipsPerSecond, () => begin(oneOf(peers).blip(Math.random() * maxBlipMs))),
  ];
  const start = performance.now();
  while (performance.now() - start < seconds * 1000 && attacked.lives) {
    await sleep(Math.min(sampleMs, seconds * 1000 - (performance.now() - start)));
    if (!attacked.lives) break;
    const { rssBytes, heapBytes, bufferBytes } = await attacked.ask('usage');
    const sample = { rss: mib(rssBytes), heap: mib(heapBytes), buffers: mib(bufferBytes) };
    samples.push(sample);
    const { sent, lost, resumed, refused } = ledger.findings;
    const passed = Math.round((performance.now() - start) / 1000);
    progress(
      `${hub}: ${passed} of ${seconds} s  RSS ${sample.rss} MiB, heap ${sample.heap} MiB, buffers ${sample.buffers} MiB  ` +
        `${sent} messages, ${lost} on their way, ${resumed} resumes, ${refused} refused`,
    );
  }
  for (const timer of timers) clearInterval(timer);
  await Promise.race([Promise.all(under), sleep(settleMs)]);
  return samples;
}

function judge(
  hub: string,
  seconds: number,
  ledger: Ledger,
  samples: readonly Memory[],
  lives: boolean,
): Attacked {
  const { findings, refusals, latencies } = ledger;
  const highest = (of: (memory: Memory) => number) => Math.max(0, ...samples.map(of));
  const peak = {
    rss: highest(({ rss }) => rss),
    heap: highest(({ heap }) => heap),
    buffers: highest(({ buffers }) => buffers),
  };
  const third = Math.ceil(samples.length / 3);
  const rssBefore = median(samples.slice(third, 2 * third).map(({ rss }) => rss));
  const rssAfter = median(samples.slice(2 * third).map(({ rss }) => rss));
  const { lost, doubled, outOfOrder, begunAnew, refused } = findings;
  const counts = { lost, doubled, outOfOrder, begunAnew, refused };
  const faults = Object.entries(counts).flatMap(([name, count]) => (count > 0 ? [`${name}: ${count}`] : []));
  if (!lives) faults.push('the node has ended');
  if (peak.rss > maxRssMiB) faults.push(`more than ${maxRssMiB} MiB of resident memory`);
  if (seconds >= leastSecondsToJudgeLevel && rssAfter > 1.1 * rssBefore) faults.push('memory grows');
  const [p50, p99] = [0.5, 0.99].map((part) => Math.round(quantile(latencies, part) * 10) / 10);
  return {
    hub,
    seconds,
    findings,
    refusals,
    p50: p50 ?? Number.NaN,
    p99: p99 ?? Number.NaN,
    peak,
    rssBefore,
    rssAfter,
    faults,
  };
}

function every(ms: number, act: () => void): NodeJS.Timeout {
  return setInterval(act, ms);
}

function oneOf<Item>(items: readonly Item[]): Item {
  return items[Math.floor(Math.random() * items.length)] as Item;
}

function mib(bytes: number): number {
  return Math.round(bytes / 1024 / 1024);
}
