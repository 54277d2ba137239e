import type { Deployment } from '../deployment.ts';
import { type BenchPeer, graphql } from '../systems.ts';
import { connectCallers } from './audience.ts';
import type { Caller } from './caller.ts';
import { toWire } from './http.ts';
import { Listener } from './listener.ts';

/** How many peers enter their rooms at the same time. */
const atOnce = 16;

/**
 * Puts peers into rooms, and closes their streams: they are between connections. Connected peers of one room would each be told of all others: that is a million
 * messages for a thousand peers, and the measurement `join` covers it.
 */
export async function fill(
  deployment: Deployment,
  peers: readonly BenchPeer[],
  roomOf: (index: number) => string,
): Promise<void> {
  const { program } = deployment;
  const callers = await connectCallers(deployment, 0, atOnce);
  await inParallel(peers, async (peer, index, worker) => {
    const room = roomOf(index);
    const stream = await Listener.open(deployment.node(0).port, program.open(peer, room));
    stream.close();
    if (program.join) await callers[worker]?.sendUntilAccepted(program.join(peer, room));
  });
  for (const caller of callers) caller.close();
}

/** Broadcasts to a room. Resolves to the cursor of that message, from which each member of a filled room can resume. */
export async function cursorOfBroadcast(caller: Caller, from: BenchPeer, room: string): Promise<string> {
  const query = 'mutation ($room: ID!) { broadcast(roomId: $room, event: "filled") { cursor } }';
  const answer = await caller.send(toWire(graphql(from, query, { room })));
  const [, cursor] = /"cursor":"(\d+)"/.exec(answer.toString()) ?? [];
  if (cursor === undefined) throw new Error(`A receipt has no cursor: ${answer}`);
  return cursor;
}

/** Does the work for each thing, with several workers at the same time. */
export async function inParallel<T>(
  things: readonly T[],
  work: (thing: T, index: number, worker: number) => Promise<void>,
): Promise<void> {
  const queue = things.entries();
  const run = async (worker: number) => {
    for (const [index, thing] of queue) await work(thing, index, worker);
  };
  await Promise.all(Array.from({ length: atOnce }, (_, worker) => run(worker)));
}
