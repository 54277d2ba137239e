import { setTimeout as sleep } from 'node:timers/promises';
import { type Deployment, withDeployments } from '../deployment.ts';
import { type Effort, systemsToCompare } from '../effort.ts';
import { alternate, type Figure, quantile, type Sample } from '../figures.ts';
import { connectCallers, enter, StampedRequest, Tally, untilHeard } from '../load/audience.ts';
import type { Caller } from '../load/caller.ts';
import { toWire } from '../load/http.ts';
import type { Listener } from '../load/listener.ts';
import { plain, signalbox, stock } from '../systems.ts';

/** Senders at one node. Each has a receiver at the other node. */
const pairs = 16;
/** Relays per second while latency is measured: far below the capacity of every system. */
const rate = 400;
const tickMs = 5;

/** From a mutation at one node to the message on a stream of the other. */
export function measureRelay(effort: Effort): Promise<readonly Figure[]> {
  return withDeployments(systemsToCompare([signalbox], effort, [stock, plain]), 2, async (deployments) => {
    const loads: RelayLoad[] = [];
    for (const deployment of deployments) {
      const load = await RelayLoad.start(deployment);
      await load.burst(effort.warmUp / pairs);
      loads.push(load);
    }
    return alternate('relay', loads, effort.rounds, (load) => load.round(effort));
  });
}

/** The pairs of one system, and their requests. */
export class RelayLoad {
  readonly #deployment: Deployment;
  readonly #callers: readonly Caller[];
  readonly #requests: readonly StampedRequest[];
  readonly #streams: readonly Listener[];

  private constructor(
    deployment: Deployment,
    callers: readonly Caller[],
    requests: readonly StampedRequest[],
    streams: readonly Listener[],
  ) {
    this.#deployment = deployment;
    this.#callers = callers;
    this.#requests = requests;
    this.#streams = streams;
  }

  static async start(deployment: Deployment): Promise<RelayLoad> {
    const { program } = deployment;
    const callers = await connectCallers(deployment, 0, pairs);
    const requests: StampedRequest[] = [];
    const streams: Listener[] = [];
    for (const [i, caller] of callers.entries()) {
      const room = `pair-${i}`;
      const sender = await enter(deployment, 0, room, caller);
      const receiver = await enter(deployment, 1, room, caller);
      const make = (data: unknown) => toWire(program.relay(sender.peer, receiver.peer, room, data));
      const request = new StampedRequest(make);
      await untilHeard([receiver], () => caller.send(request.stamped()));
      requests.push(request);
      streams.push(receiver.stream);
    }
    return new RelayLoad(deployment, callers, requests, streams);
  }

  get name(): string {
    return this.#deployment.name;
  }

  /** Measures the cost under full load, and the latency under light load. */
  async round({ relays, seconds }: Effort): Promise<Sample> {
    const { nodes, redis } = await this.#deployment.cost(() => this.burst(relays / pairs));
    const latencies = await this.#steadily(seconds);
    return {
      'CPU of both nodes, µs': nodes / relays,
      'CPU of Redis, µs': redis / relays,
      [`p50 at ${rate}/s, ms`]: quantile(latencies, 0.5),
      [`p99 at ${rate}/s, ms`]: quantile(latencies, 0.99),
    };
  }

  /** Each sender sends its next relay as soon as the last is answered. Resolves when all messages have arrived. */
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
