import { setTimeout as sleep } from 'node:timers/promises';
import { type Cluster, withClusters } from '../cluster.ts';
import { type Effort, rivals } from '../effort.ts';
import { alternate, type Figure, quantile, type Sample } from '../figures.ts';
import { connectCallers, enter, StampedRequest, Tally, untilHeard } from '../load/audience.ts';
import type { Caller } from '../load/caller.ts';
import { toWire } from '../load/http.ts';
import type { Listener } from '../load/listener.ts';
import { plain, signalbox, stock } from '../systems.ts';

/** Senders on one node, each with a receiver on the other. */
const pairs = 16;
/** Messages a second, where the time that each takes is measured: far from what any of them can do. */
const rate = 400;
const tickMs = 5;

/** A mutation at one node until the message is out at another. */
export function measureRelay(effort: Effort): Promise<readonly Figure[]> {
  return withClusters(rivals([signalbox], effort, [stock, plain]), 2, async (clusters) => {
    const loads: RelayLoad[] = [];
    for (const cluster of clusters) {
      const load = await RelayLoad.start(cluster);
      await load.burst(effort.warmUp / pairs);
      loads.push(load);
    }
    return alternate('relay', loads, effort.rounds, (load) => load.round(effort));
  });
}

/** The pairs of one system, and what they send. */
export class RelayLoad {
  readonly #cluster: Cluster;
  readonly #callers: readonly Caller[];
  readonly #requests: readonly StampedRequest[];
  readonly #streams: readonly Listener[];

  private constructor(
    cluster: Cluster,
    callers: readonly Caller[],
    requests: readonly StampedRequest[],
    streams: readonly Listener[],
  ) {
    this.#cluster = cluster;
    this.#callers = callers;
    this.#requests = requests;
    this.#streams = streams;
  }

  static async start(cluster: Cluster): Promise<RelayLoad> {
    const { program } = cluster;
    const callers = await connectCallers(cluster, 0, pairs);
    const requests: StampedRequest[] = [];
    const streams: Listener[] = [];
    for (const [i, caller] of callers.entries()) {
      const room = `pair-${i}`;
      const sender = await enter(cluster, 0, room, caller);
      const receiver = await enter(cluster, 1, room, caller);
      const make = (data: unknown) => toWire(program.relay(sender.peer, receiver.peer, room, data));
      const request = new StampedRequest(make);
      await untilHeard([receiver], () => caller.send(request.stamped()));
      requests.push(request);
      streams.push(receiver.stream);
    }
    return new RelayLoad(cluster, callers, requests, streams);
  }

  get name(): string {
    return this.#cluster.name;
  }

  /** What it costs where the nodes have much to do, and how long it takes where they have not. */
  async round({ relays, seconds }: Effort): Promise<Sample> {
    const { nodes, redis } = await this.#cluster.cost(() => this.burst(relays / pairs));
    const latencies = await this.#steadily(seconds);
    return {
      'CPU of both nodes, µs': nodes / relays,
      'CPU of Redis, µs': redis / relays,
      [`p50 at ${rate}/s, ms`]: quantile(latencies, 0.5),
      [`p99 at ${rate}/s, ms`]: quantile(latencies, 0.99),
    };
  }

  /** Each sender sends one after another, as fast as it is answered. Resolves when all has arrived. */
  async burst(each: number): Promise<void> {
    const tally = new Tally(this.#streams, each * pairs);
    const senders = this.#callers.map(async (caller, i) => {
      for (let n = 0; n < each; n++) await caller.send(this.#request(i).stamped());
    });
    await Promise.all([...senders, tally.all()]);
  }

  async #steadily(seconds: number): Promise<readonly number[]> {
    const count = rate * seconds;
    const tally = new Tally(this.#streams, count);
    const answers: Promise<Buffer>[] = [];
    const start = performance.now();
    while (answers.length < count) {
      const due = Math.min(count, ((performance.now() - start) / 1000) * rate);
      while (answers.length < due) {
        const i = answers.length % pairs;
        const caller = this.#callers[i];
        if (caller) answers.push(caller.send(this.#request(i).stamped()));
      }
      await sleep(tickMs);
    }
    await Promise.all([...answers, tally.all()]);
    return tally.latencies;
  }

  #request(index: number): StampedRequest {
    const request = this.#requests[index];
    if (!request) throw new Error(`There is no pair ${index}.`);
    return request;
  }
}
