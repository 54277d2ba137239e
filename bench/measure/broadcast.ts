import { type Deployment, withDeployments } from '../deployment.ts';
import { type Effort, systemsToCompare } from '../effort.ts';
import { alternate, type Figure, median, type Sample } from '../figures.ts';
import { connectCallers, enter, type Member, StampedRequest, Tally, untilHeard } from '../load/audience.ts';
import { Caller } from '../load/caller.ts';
import { toWire } from '../load/http.ts';
import { Listener } from '../load/listener.ts';
import { ResumingStream } from '../load/resuming-stream.ts';
import { type BenchPeer, plain, signalbox, stock } from '../systems.ts';

/** How many peers enter the room at the same time. */
const atOnce = 16;

/** One peer sends; all others in the room receive, half of them at each of two nodes. */
export async function measureBroadcast(effort: Effort): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const members of effort.rooms) {
    const ofRoom = await withDeployments(
      systemsToCompare([signalbox], effort, [stock, plain]),
      2,
      async (deployments) => {
        const loads: BroadcastLoad[] = [];
        for (const deployment of deployments) {
          const load = await BroadcastLoad.start(deployment, members);
          await load.round(effort);
          loads.push(load);
        }
        return alternate(`broadcast to ${members}`, loads, effort.rounds, (load) => load.round(effort));
      },
    );
    figures.push(...ofRoom);
  }
  return figures;
}

class BroadcastLoad {
  readonly #deployment: Deployment;
  readonly #caller: Caller;
  readonly #request: StampedRequest;
  readonly #listeners: readonly Member[];

  private constructor(
    deployment: Deployment,
    caller: Caller,
    request: StampedRequest,
    listeners: readonly Member[],
  ) {
    this.#deployment = deployment;
    this.#caller = caller;
    this.#request = request;
    this.#listeners = listeners;
  }

  static async start(deployment: Deployment, count: number): Promise<BroadcastLoad> {
    const { program } = deployment;
    const room = 'plaza';
    const caller = await Caller.connect(deployment.node(0).port);
    // The sender must be a member, and does not receive its own broadcasts. The baselines have no members and echo
    // broadcasts to their sender, so there the sender listens to another room.
    const sender = await enter(deployment, 0, program.join ? room : 'elsewhere', caller);
    const request = new StampedRequest((data) => toWire(program.broadcast(sender.peer, room, data)));
    const peers = await Promise.all(Array.from({ length: count - 1 }, () => program.peer()));
    if (program.join) await fill(deployment, room, peers);
    const cursor = program.join && (await newestCursor(deployment));
    const listeners: Member[] = [];
    await inParallel(peers, async (peer, i) => {
      const opening = toWire(program.open(peer, room, cursor));
      listeners.push({ peer, stream: await Listener.open(deployment.node(i % 2).port, opening) });
    });
    await untilHeard(listeners, () => caller.send(request.stamped()));
    return new BroadcastLoad(deployment, caller, request, listeners);
  }

  get name(): string {
    return this.#deployment.name;
  }

  /** Sends each message when the one before has reached every member. */
  async round({ deliveries }: Effort): Promise<Sample> {
    const messages = Math.ceil(deliveries / this.#listeners.length);
    const slowest: number[] = [];
    const { nodes } = await this.#deployment.cost(async () => {
      for (let n = 0; n < messages; n++) slowest.push(await this.#broadcast());
    });
    return {
      'CPU of both nodes per delivery, µs': nodes / messages / this.#listeners.length,
      'time until all members have it, p50, ms': median(slowest),
    };
  }

  async #broadcast(): Promise<number> {
    const streams = this.#listeners.map(({ stream }) => stream);
    const tally = new Tally(streams, streams.length);
    await Promise.all([this.#caller.send(this.#request.stamped()), tally.all()]);
    return Math.max(...tally.latencies);
  }
}

/**
 * Puts peers that are not connected into a room. Connected peers would each be told of all others: that is a million
 * messages for a thousand peers, and the measurement `join` covers it.
 */
async function fill(deployment: Deployment, room: string, peers: readonly BenchPeer[]): Promise<void> {
  const { program } = deployment;
  const callers = await connectCallers(deployment, 0, atOnce);
  await inParallel(peers, async (peer, _i, worker) => {
    const stream = await Listener.open(deployment.node(0).port, toWire(program.open(peer, room)));
    stream.close();
    if (program.join) await callers[worker]?.sendUntilAccepted(toWire(program.join(peer, room)));
  });
  for (const caller of callers) caller.close();
}

/**
 * A cursor newer than every message so far, from which the members of a filled room resume. It is that of the `Connected`
 * of a new session.
 */
async function newestCursor(deployment: Deployment): Promise<string | undefined> {
  const { program } = deployment;
  const peer = await program.peer();
  const { port } = deployment.node(0);
  const stream = new ResumingStream(
    () => toWire(program.open(peer, 'elsewhere')),
    () => [port],
  );
  await stream.open();
  stream.close();
  return stream.cursor;
}

/** Does the work for each thing, with several workers at the same time. */
async function inParallel<T>(
  things: readonly T[],
  work: (thing: T, index: number, worker: number) => Promise<void>,
): Promise<void> {
  const queue = things.entries();
  const run = async (worker: number) => {
    for (const [index, thing] of queue) await work(thing, index, worker);
  };
  await Promise.all(Array.from({ length: atOnce }, (_, worker) => run(worker)));
}
