import { setTimeout as sleep } from 'node:timers/promises';
import type { Deployment } from '../deployment.ts';
import { untilSteady } from '../warm-up.ts';
import { connectCallers, enter, StampedRequest, Tally, untilHeard } from './audience.ts';
import type { Caller } from './caller.ts';
import type { Listener } from './listener.ts';

/** How many senders there are. Each has a receiver. */
const pairs = 16;
/** How often to look which relays are due. */
const tickMs = 1;

/** What a relay costs, in microseconds of CPU, and how many were done in a second. */
export interface RelayCost {
  readonly nodes: number;
  readonly redis: number;
  readonly perSecond: number;
}

export interface RelayOptions {
  /** The nodes of a pair's sender and receiver. Default: all senders at the first node, all receivers at the second. */
  readonly route?: (pair: number) => readonly [from: number, to: number];
  /** How many bytes a message carries. */
  readonly bytes?: number;
}

/** Pairs of peers at the nodes of one system, and their requests. */
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

  static async start(
    deployment: Deployment,
    { route = () => [0, 1], bytes }: RelayOptions = {},
  ): Promise<RelayLoad> {
    const { program } = deployment;
    const callers: Caller[] = [];
    const requests: StampedRequest[] = [];
    const streams: Listener[] = [];
    const heard: Promise<void>[] = [];
    for (let i = 0; i < pairs; i++) {
      const [from, to] = route(i);
      const [caller] = await connectCallers(deployment, from, 1);
      if (!caller) throw new Error('A sender has no connection.');
      const room = `pair-${i}`;
      const sender = await enter(deployment, from, room, caller);
      const receiver = await enter(deployment, to, room, caller);
      const make = (data: unknown) => program.relay(sender.peer, receiver.peer, room, data);
      const request = new StampedRequest(make, bytes);
      heard.push(untilHeard([receiver], () => caller.send(request.stamped())));
      callers.push(caller);
      requests.push(request);
      streams.push(receiver.stream);
    }
    await Promise.all(heard);
    return new RelayLoad(deployment, callers, requests, streams);
  }

  get name(): string {
    return this.#deployment.name;
  }

  /** Warms up with batches of so many relays. Resolves with the seconds that it took. */
  warmUp(relays: number, maxSeconds: number): Promise<number> {
    return untilSteady(this.name, maxSeconds, async () => (await this.burst(relays)).nodes);
  }

  /** Each sender sends its next relay as soon as the last is answered. Resolves when all messages have arrived. */
  async burst(relays: number): Promise<RelayCost> {
    const each = Math.ceil(relays / pairs);
    const count = each * pairs;
    const tally = new Tally(this.#streams, count);
    const start = performance.now();
    const { nodes, redis } = await this.#deployment.cost(async () => {
      const senders = this.#callers.map(async (caller, i) => {
        for (let n = 0; n < each; n++) await caller.send(this.#request(i).stamped());
      });
      await Promise.all([...senders, tally.all()]);
    });
    const seconds = (performance.now() - start) / 1000;
    return { nodes: nodes / count, redis: redis / count, perSecond: count / seconds };
  }

  /** Sends at a steady rate, whatever the answers. Resolves with how long each message took from when it was due. */
  async steadily(rate: number, seconds: number): Promise<readonly number[]> {
    const count = Math.ceil(rate * seconds);
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

  close(): void {
    for (const caller of this.#callers) caller.close();
    for (const stream of this.#streams) stream.close();
  }

  #request(index: number): StampedRequest {
    const request = this.#requests[index];
    if (!request) throw new Error(`There is no pair ${index}.`);
    return request;
  }
}
