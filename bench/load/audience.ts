import { setTimeout as sleep } from 'node:timers/promises';
import type { Deployment } from '../deployment.ts';
import type { BenchPeer } from '../systems.ts';
import { Caller } from './caller.ts';
import { Listener, stamp } from './listener.ts';

/** A peer in a room, with its open stream. */
export interface Member {
  readonly peer: BenchPeer;
  readonly stream: Listener;
}

/** How long all messages of a round may take to arrive, in milliseconds. */
const arrivalLimitMs = 60_000;

/** Opens a stream at a node and joins the room. With a baseline, opening the stream is enough. */
export async function enter(
  deployment: Deployment,
  index: number,
  room: string,
  caller: Caller,
): Promise<Member> {
  const { program } = deployment;
  const peer = await program.peer();
  const stream = await Listener.open(deployment.node(index).port, program.open(peer, room));
  if (program.join) await caller.sendUntilAccepted(program.join(peer, room));
  return { peer, stream };
}

/** Opens connections to a node. */
export function connectCallers(deployment: Deployment, index: number, count: number): Promise<Caller[]> {
  const { port } = deployment.node(index);
  const { protocol } = deployment.program;
  return Promise.all(Array.from({ length: count }, () => Caller.connect(port, protocol)));
}

/**
 * Sends until every member has received something. The stock baseline subscribes some time after it has sent the
 * response headers, and loses the messages that are sent before.
 */
export async function untilHeard(members: readonly Member[], send: () => Promise<unknown>): Promise<void> {
  const until = performance.now() + arrivalLimitMs;
  while (members.some(({ stream }) => stream.count === 0)) {
    if (performance.now() > until) throw new Error('Some streams received nothing.');
    await send();
    await sleep(50);
  }
  // Let the remaining messages arrive: otherwise the next measurement would count them.
  await sleep(200);
}

/** Counts the messages that arrive on many streams, and resolves when all have arrived. */
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
      stream.onCut = () => this.#done.reject(new Error('A node cut a stream.'));
    }
  }

  /** Resolves when the expected number of messages has arrived. Rejects if that takes too long. */
  async all(): Promise<void> {
    const limit = setTimeout(() => {
      this.#done.reject(new Error(`Only ${this.latencies.length} of ${this.#expected} messages arrived.`));
    }, arrivalLimitMs);
    try {
      await this.#done.promise;
    } finally {
      clearTimeout(limit);
    }
  }

  /** Resolves when this number of messages has arrived. One caller at a time. */
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

/** A request that is built once, and copied with a new time stamp each time it is sent. */
export class StampedRequest {
  readonly #bytes: Buffer;
  readonly #at: number;

  /** `make` builds the request from its data: a session description of `bytes` bytes, and a stamp. */
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
