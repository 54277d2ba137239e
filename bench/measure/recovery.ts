import { setTimeout as sleep } from 'node:timers/promises';
import { type Cluster, withClusters } from '../cluster.ts';
import { type Effort, rivals } from '../effort.ts';
import { alternate, type Figure, quantile, type Sample } from '../figures.ts';
import { connectCallers, enter, StampedRequest } from '../load/audience.ts';
import { toWire } from '../load/http.ts';
import { Returner } from '../load/returner.ts';
import { signalbox } from '../systems.ts';

const peersInARoom = 20;
/** How many peers enter at once. */
const atOnce = 32;
/** Between two calls of somebody whom it does not concern. */
const callEveryMs = 10;

/** What becomes of the node that holds all the streams. Resolves when it has lost them, or is about to. */
interface Loss {
  readonly name: string;
  /** The nodes that clients can go to afterwards. */
  readonly left: readonly number[];
  inflict(cluster: Cluster): Promise<void>;
}

const losses: readonly Loss[] = [
  { name: 'was killed', left: [1], inflict: (cluster) => cluster.node(0).stop() },
  {
    name: 'stood still, was given up, and goes on',
    left: [0, 1],
    async inflict(cluster) {
      cluster.node(0).halt();
      const redis = cluster.redis.client();
      while ((await redis.zcard('{signalbox}:nodes')) > 1) await sleep(50);
      redis.disconnect();
      cluster.node(0).goOn();
    },
  },
];

/**
 * A node loses all of its streams at once, and their clients come back, each after up to half a second. There is
 * no baseline: none of them can come back.
 */
export async function measureRecovery(effort: Effort): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const loss of losses) {
    const name = `${effort.lost} streams of a node that ${loss.name}`;
    const systems = rivals([signalbox], effort, []);
    const ofLoss = await alternate(name, systems, effort.losses, (system) =>
      withClusters([system], 2, async ([cluster]) => {
        if (!cluster) throw new Error('The one cluster that was asked for has not come.');
        return recover(cluster, effort.lost, loss);
      }),
    );
    figures.push(...ofLoss);
  }
  return figures;
}

async function recover(cluster: Cluster, count: number, loss: Loss): Promise<Sample> {
  let ports = [cluster.node(0).port];
  const streams = await openAll(cluster, count, () => ports);
  const caller = await Bystander.start(cluster);
  const redis = cluster.redis.client();
  await redis.config('SET', 'slowlog-log-slower-than', '1000');
  const times: number[] = [];
  let lostAt = Number.POSITIVE_INFINITY;
  const returned = streams.map(async (stream) => {
    await stream.returned();
    times.push(performance.now() - lostAt);
  });
  ports = loss.left.map((node) => cluster.node(node).port);
  await loss.inflict(cluster);
  lostAt = performance.now();
  caller.forget();
  await Promise.all(returned);
  const answers = await caller.stop();
  const slow = (await redis.slowlog('GET', '-1')) as [id: number, at: number, micros: number][];
  for (const stream of streams) stream.close();
  return {
    'until half are back, ms': quantile(times, 0.5),
    'until the last is back, ms': Math.max(...times),
    'relays of others meanwhile, p50, ms': quantile(answers, 0.5),
    'relays of others meanwhile, the slowest, ms': Math.max(...answers),
    'longest script in Redis, ms': Math.max(0, ...slow.map(([, , micros]) => micros)) / 1000,
  };
}

/** Streams at the first node, whose peers are in rooms. */
async function openAll(cluster: Cluster, count: number, ports: () => readonly number[]): Promise<Returner[]> {
  const { program } = cluster;
  const callers = await connectCallers(cluster, 0, atOnce);
  const streams: Returner[] = [];
  while (streams.length < count) {
    const batch = callers.slice(0, count - streams.length).map(async (caller, i) => {
      const room = `room-${Math.floor((streams.length + i) / peersInARoom)}`;
      const peer = await program.peer();
      const stream = new Returner((after) => toWire(program.open(peer, room, after)), ports);
      await stream.open();
      if (program.join) await caller.insist(toWire(program.join(peer, room)));
      return stream;
    });
    streams.push(...(await Promise.all(batch)));
  }
  for (const caller of callers) caller.close();
  return streams;
}

/** Two who are at the other node all the time, one of whom relays to the other. */
class Bystander {
  #times: number[] = [];
  #stopped = false;
  #relaying: Promise<void> = Promise.resolve();

  static async start(cluster: Cluster): Promise<Bystander> {
    const bystander = new Bystander();
    const [caller] = await connectCallers(cluster, 1, 1);
    if (!caller) throw new Error('There is a connection for each that was asked for.');
    const one = await enter(cluster, 1, 'elsewhere', caller);
    const two = await enter(cluster, 1, 'elsewhere', caller);
    const request = new StampedRequest((data) =>
      toWire(cluster.program.relay(one.peer, two.peer, 'elsewhere', data)),
    );
    const relay = async () => {
      while (!bystander.#stopped) {
        const begun = performance.now();
        await caller.send(request.stamped());
        bystander.#times.push(performance.now() - begun);
        await sleep(callEveryMs);
      }
      for (const { stream } of [one, two]) stream.close();
      caller.close();
    };
    bystander.#relaying = relay();
    return bystander;
  }

  /** What counts begins now. */
  forget(): void {
    this.#times = [];
  }

  /** How long each relay took, in milliseconds. */
  async stop(): Promise<readonly number[]> {
    this.#stopped = true;
    await this.#relaying;
    return this.#times;
  }
}
