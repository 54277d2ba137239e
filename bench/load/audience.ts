import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from '../cluster.ts';
import type { BenchPeer } from '../systems.ts';
import { Caller } from './caller.ts';
import { toWire } from './http.ts';
import { Listener, stamp } from './listener.ts';

/** A peer with an open stream, in a room. */
export interface Member {
  readonly peer: BenchPeer;
  readonly stream: Listener;
}

/** How long everything that was sent may take to arrive, in milliseconds. */
const patienceMs = 60_000;

/** Enters a room at a node: opens a stream there, and joins where there is something to join. */
export async function enter(cluster: Cluster, index: number, room: string, caller: Caller): Promise<Member> {
  const { program } = cluster;
  const peer = await program.peer();
  const stream = await Listener.open(cluster.node(index).port, toWire(program.open(peer, room)));
  if (program.join) await caller.insist(toWire(program.join(peer, room)));
  return { peer, stream };
}

/** Opens connections to a node. */
export function connectCallers(cluster: Cluster, index: number, count: number): Promise<Caller[]> {
  const { port } = cluster.node(index);
  return Promise.all(Array.from({ length: count }, () => Caller.connect(port)));
}

/**
 * Sends until all of them have heard something. The stock way subscribes some time after it has sent
 * its headers, and what is sent before that is lost.
 */
export async function untilHeard(members: readonly Member[], send: () => Promise<unknown>): Promise<void> {
  const until = performance.now() + patienceMs;
  while (members.some(({ stream }) => stream.count === 0)) {
    if (performance.now() > until) throw new Error('Some streams never heard a thing.');
    await send();
    await sleep(50);
  }
  // What is still under way would be counted with what follows.
  await sleep(200);
}

/** Counts what arrives on many streams, and says when it is all there. */
export class Tally {
  readonly latencies: number[] = [];
  readonly #done = Promise.withResolvers<void>();
  readonly #expected: number;
  #milestone = 0;
  #reached: PromiseWithResolvers<void> | undefined;

  constructor(streams: Iterable<Listener>, expected: number) {
    this.#expected = expected;
    if (expected === 0) this.#done.resolve();
    for (const stream of streams) {
      stream.onMessage = (ms) => this.#take(ms);
      stream.onCut = () => this.#done.reject(new Error('The server cut a stream.'));
    }
  }

  /** Resolves when as many as expected have arrived. Rejects where that takes too long. */
  async all(): Promise<void> {
    const limit = setTimeout(() => {
      this.#done.reject(new Error(`Only ${this.latencies.length} of ${this.#expected} messages arrived.`));
    }, patienceMs);
    try {
      await this.#done.promise;
    } finally {
      clearTimeout(limit);
    }
  }

  /** Resolves when so many have arrived. One caller at a time. */
  async reached(count: number): Promise<void> {
    if (this.latencies.length >= count) return;
    this.#milestone = count;
    this.#reached = Promise.withResolvers();
    await Promise.race([this.#reached.promise, this.#done.promise]);
  }

  #take(ms: number): void {
    this.latencies.push(ms);
    if (this.latencies.length === this.#milestone) this.#reached?.resolve();
    if (this.latencies.length === this.#expected) this.#done.resolve();
  }
}

/** A request that is made once, and is copied with another time stamp whenever it is sent. */
export class StampedRequest {
  readonly #bytes: Buffer;
  readonly #at: number;

  /** `make` is given the data to send: a session description of some size, and a stamp. */
  constructor(make: (data: unknown) => Buffer, bytes = 300) {
    const mark = stamp();
    this.#bytes = make({ at: mark, sdp: 'v=0 '.repeat(Math.ceil(bytes / 4)) });
    this.#at = this.#bytes.indexOf(mark);
  }

  stamped(): Buffer {
    const bytes = Buffer.from(this.#bytes);
    bytes.write(stamp(), this.#at, 'latin1');
    return bytes;
  }
}
