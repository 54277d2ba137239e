import { setTimeout as sleep } from 'node:timers/promises';
import { type Deployment, withDeployments } from '../deployment.ts';
import { type Effort, systemsToCompare } from '../effort.ts';
import { alternate, type Figure, quantile, type Sample } from '../figures.ts';
import { connectCallers, enter, StampedRequest } from '../load/audience.ts';
import { ResumingStream } from '../load/resuming-stream.ts';
import { signalbox } from '../systems.ts';

const peersInARoom = 20;
/** How many peers enter at the same time. */
const atOnce = 32;
/** How long the bystander waits between two calls. */
const callEveryMs = 10;

/** A failure of the node that holds all the streams. `cause` resolves when the node has lost them, or is about to. */
interface Loss {
  readonly name: string;
  /** The nodes that clients can use afterwards. */
  readonly left: readonly number[];
  cause(deployment: Deployment): Promise<void>;
}

const losses: readonly Loss[] = [
  { name: 'was killed', left: [1], cause: (deployment) => deployment.node(0).stop() },
  {
    name: 'halted for longer than its lease',
    left: [0, 1],
    async cause(deployment) {
      deployment.process(0).halt();
      const redis = deployment.redis.client();
      while ((await redis.zcard('{signalbox}:nodes')) > 1) await sleep(50);
      redis.disconnect();
      deployment.process(0).goOn();
    },
  },
];

/**
 * A node loses all of its streams at once. Each client comes back within half a second. There is no contender: none of
 * them can resume a stream.
 */
export async function measureRecovery(effort: Effort): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const loss of losses) {
    const name = `recovery from a node that ${loss.name}`;
    const systems = systemsToCompare([signalbox], effort, []);
    const ofLoss = await alternate(
      name,
      systems,
      effort.losses,
      (system) =>
        withDeployments([system], 2, async ([deployment]) => {
          if (!deployment) throw new Error('No deployment was started.');
          return recover(deployment, effort.lost, loss);
        }),
      effort.lost,
    );
    figures.push(...ofLoss);
  }
  return figures;
}

async function recover(deployment: Deployment, count: number, loss: Loss): Promise<Sample> {
  let ports = [deployment.node(0).port];
  const streams = await openAll(deployment, count, () => ports);
  const caller = await Bystander.start(deployment);
  const redis = deployment.redis.client();
  await redis.config('SET', 'slowlog-log-slower-than', '1000');
  const times: number[] = [];
  let lostAt = Number.POSITIVE_INFINITY;
  const returned = streams.map(async (stream) => {
    await stream.returned();
    times.push(performance.now() - lostAt);
  });
  ports = loss.left.map((node) => deployment.node(node).port);
  await loss.cause(deployment);
  lostAt = performance.now();
  caller.forget();
  await Promise.all(returned);
  const answers = await caller.stop();
  const slow = (await redis.slowlog('GET', '-1')) as [id: number, at: number, micros: number][];
  for (const stream of streams) stream.close();
  return {
    'time until half have resumed, ms': quantile(times, 0.5),
    'time until all have resumed, ms': Math.max(...times),
    "a bystander's relays meanwhile, p50, ms": quantile(answers, 0.5),
    "a bystander's slowest relay, ms": Math.max(...answers),
    'longest script in Redis, ms': Math.max(0, ...slow.map(([, , micros]) => micros)) / 1000,
  };
}

/** Opens streams at the first node, for peers in rooms. */
async function openAll(
  deployment: Deployment,
  count: number,
  ports: () => readonly number[],
): Promise<ResumingStream[]> {
  const { program } = deployment;
  const callers = await connectCallers(deployment, 0, atOnce);
  const streams: ResumingStream[] = [];
  while (streams.length < count) {
    const batch = callers.slice(0, count - streams.length).map(async (caller, i) => {
      const room = `room-${Math.floor((streams.length + i) / peersInARoom)}`;
      const peer = await program.peer();
      const stream = new ResumingStream((after) => program.open(peer, room, after), ports);
      await stream.open();
      if (program.join) await caller.sendUntilAccepted(program.join(peer, room));
      return stream;
    });
    streams.push(...(await Promise.all(batch)));
  }
  for (const caller of callers) caller.close();
  return streams;
}

/** Two peers at the other node that lose nothing. One relays to the other all the time. */
class Bystander {
  #times: number[] = [];
  #stopped = false;
  #relaying: Promise<void> = Promise.resolve();

  static async start(deployment: Deployment): Promise<Bystander> {
    const bystander = new Bystander();
    const [caller] = await connectCallers(deployment, 1, 1);
    if (!caller) throw new Error('The bystander has no connection.');
    const one = await enter(deployment, 1, 'elsewhere', caller);
    const two = await enter(deployment, 1, 'elsewhere', caller);
    const request = new StampedRequest((data) =>
      deployment.program.relay(one.peer, two.peer, 'elsewhere', data),
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

  /** Forgets the relays so far: the measurement begins now. */
  forget(): void {
    this.#times = [];
  }

  /** Stops. Returns how long each relay took, in milliseconds. */
  async stop(): Promise<readonly number[]> {
    this.#stopped = true;
    await this.#relaying;
    return this.#times;
  }
}
