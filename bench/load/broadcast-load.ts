import type { Deployment } from '../deployment.ts';
import { median, type Sample } from '../figures.ts';
import { untilSteady } from '../warm-up.ts';
import { enter, type Member, StampedRequest, Tally, untilHeard } from './audience.ts';
import { Caller } from './caller.ts';
import { cursorOfBroadcast, fill, inParallel } from './fill.ts';
import { Listener } from './listener.ts';

/** CPU time per delivery, in microseconds, and how long each message took to reach the last member, in milliseconds. */
interface Cost {
  readonly nodes: number;
  readonly redis: number;
  readonly slowest: readonly number[];
}

/** A room that is spread over the nodes of one system, and a sender. */
export class BroadcastLoad {
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
    const caller = await Caller.connect(deployment.node(0).port, program.protocol);
    // The sender must be a member, and does not receive its own broadcasts. The contenders have no members and echo
    // broadcasts to their sender, so there the sender listens to another room.
    const sender = await enter(deployment, 0, program.join ? room : 'elsewhere', caller);
    const request = new StampedRequest((data) => program.broadcast(sender.peer, room, data));
    const peers = await Promise.all(Array.from({ length: count - 1 }, () => program.peer()));
    if (program.join) await fill(deployment, peers, () => room);
    const cursor = program.join && (await cursorOfBroadcast(caller, sender.peer, room));
    const listeners: Member[] = [];
    await inParallel(peers, async (peer, i) => {
      const { port } = deployment.node(i % deployment.nodes.length);
      listeners.push({ peer, stream: await Listener.open(port, program.open(peer, room, cursor)) });
    });
    await untilHeard(listeners, () => caller.send(request.stamped()));
    return new BroadcastLoad(deployment, caller, request, listeners);
  }

  get name(): string {
    return this.#deployment.name;
  }

  /** Warms up with batches of so many deliveries. Resolves with the seconds that it took. */
  warmUp(deliveries: number, maxSeconds: number): Promise<number> {
    return untilSteady(this.name, maxSeconds, async () => (await this.#cost(deliveries)).nodes);
  }

  async round(deliveries: number): Promise<Sample> {
    const { nodes, redis, slowest } = await this.#cost(deliveries);
    return {
      'CPU of all nodes per delivery, µs': nodes,
      'CPU of Redis per delivery, µs': redis,
      'time until all members have it, p50, ms': median(slowest),
    };
  }

  /** Sends each message when the one before has reached every member. */
  async #cost(deliveries: number): Promise<Cost> {
    const messages = Math.ceil(deliveries / this.#listeners.length);
    const slowest: number[] = [];
    const { nodes, redis } = await this.#deployment.cost(async () => {
      for (let n = 0; n < messages; n++) slowest.push(await this.#broadcast());
    });
    const count = messages * this.#listeners.length;
    return { nodes: nodes / count, redis: redis / count, slowest };
  }

  async #broadcast(): Promise<number> {
    const streams = this.#listeners.map(({ stream }) => stream);
    const tally = new Tally(streams, streams.length);
    await Promise.all([this.#caller.send(this.#request.stamped()), tally.all()]);
    return Math.max(...tally.latencies);
  }
}
