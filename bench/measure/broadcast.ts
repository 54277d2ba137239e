import { type Cluster, withClusters } from '../cluster.ts';
import { type Effort, rivals } from '../effort.ts';
import { alternate, type Figure, median, type Sample } from '../figures.ts';
import { connectCallers, enter, type Member, StampedRequest, Tally, untilHeard } from '../load/audience.ts';
import { Caller } from '../load/caller.ts';
import { toWire } from '../load/http.ts';
import { Listener } from '../load/listener.ts';
import { type BenchPeer, plain, signalbox, stock } from '../systems.ts';

/** How many peers enter at once. */
const atOnce = 16;

/** One sender; everyone else in the room hears it, half of them at each of two nodes. */
export async function measureBroadcast(effort: Effort): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const members of effort.rooms) {
    const ofRoom = await withClusters(rivals([signalbox], effort, [stock, plain]), 2, async (clusters) => {
      const loads: BroadcastLoad[] = [];
      for (const cluster of clusters) {
        const load = await BroadcastLoad.start(cluster, members);
        await load.round(effort);
        loads.push(load);
      }
      return alternate(`broadcast to ${members}`, loads, effort.rounds, (load) => load.round(effort));
    });
    figures.push(...ofRoom);
  }
  return figures;
}

class BroadcastLoad {
  readonly #cluster: Cluster;
  readonly #caller: Caller;
  readonly #request: StampedRequest;
  readonly #listeners: readonly Member[];

  private constructor(
    cluster: Cluster,
    caller: Caller,
    request: StampedRequest,
    listeners: readonly Member[],
  ) {
    this.#cluster = cluster;
    this.#caller = caller;
    this.#request = request;
    this.#listeners = listeners;
  }

  static async start(cluster: Cluster, count: number): Promise<BroadcastLoad> {
    const { program } = cluster;
    const room = 'plaza';
    const caller = await Caller.connect(cluster.node(0).port);
    // It must be in the room, and hears nothing of what it sends itself. Where nobody keeps that
    // apart, it is elsewhere.
    const sender = await enter(cluster, 0, program.join ? room : 'elsewhere', caller);
    const request = new StampedRequest((data) => toWire(program.broadcast(sender.peer, room, data)));
    const peers = await Promise.all(Array.from({ length: count - 1 }, () => program.peer()));
    if (program.join) await fill(cluster, room, peers);
    const [, cursor] = /"id":"(\d+)"/.exec(String(await caller.send(request.stamped()))) ?? [];
    const listeners: Member[] = [];
    await inParallel(peers, async (peer, i) => {
      const opening = toWire(program.open(peer, room, cursor));
      listeners.push({ peer, stream: await Listener.open(cluster.node(i % 2).port, opening) });
    });
    await untilHeard(listeners, () => caller.send(request.stamped()));
    return new BroadcastLoad(cluster, caller, request, listeners);
  }

  get name(): string {
    return this.#cluster.name;
  }

  /** Each message is sent when the one before has reached everyone. */
  async round({ deliveries }: Effort): Promise<Sample> {
    const messages = Math.ceil(deliveries / this.#listeners.length);
    const slowest: number[] = [];
    const { nodes } = await this.#cluster.cost(async () => {
      for (let n = 0; n < messages; n++) slowest.push(await this.#broadcast());
    });
    return {
      'CPU of both nodes a delivery, µs': nodes / messages / this.#listeners.length,
      'until the last has it, p50, ms': median(slowest),
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
 * Puts peers into a room that are not connected: of connected ones each would be told of each other,
 * a million messages for a thousand peers, and that is what `join` measures.
 */
async function fill(cluster: Cluster, room: string, peers: readonly BenchPeer[]): Promise<void> {
  const { program } = cluster;
  const callers = await connectCallers(cluster, 0, atOnce);
  await inParallel(peers, async (peer, _i, worker) => {
    const stream = await Listener.open(cluster.node(0).port, toWire(program.open(peer, room)));
    stream.close();
    if (program.join) await callers[worker]?.insist(toWire(program.join(peer, room)));
  });
  for (const caller of callers) caller.close();
}

/** Does the work for each, some at once, each time by the same worker. */
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
