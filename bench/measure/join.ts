import { type Cluster, withClusters } from '../cluster.ts';
import { type Effort, rivals } from '../effort.ts';
import { alternate, type Figure, type Sample } from '../figures.ts';
import { connectCallers, Tally } from '../load/audience.ts';
import { toWire } from '../load/http.ts';
import { Listener, stamp } from '../load/listener.ts';
import { signalbox } from '../systems.ts';

/** So many joins are under way at the same time: not all is answered, or not everyone has been told. */
const atOnce = 8;

/**
 * Many join one room, some at once, half of them at each of two nodes, until each has been told of
 * each other. There is no baseline: in none of them does anybody hear who is there.
 */
export function measureJoin(effort: Effort): Promise<readonly Figure[]> {
  const { joiners, joinRounds } = effort;
  return alternate(`${joiners} join one room`, rivals([signalbox], effort, []), joinRounds, (system) =>
    withClusters([system], 2, async ([cluster]) => {
      if (!cluster) throw new Error('The one cluster that was asked for has not come.');
      return join(cluster, joiners);
    }),
  );
}

async function join(cluster: Cluster, joiners: number): Promise<Sample> {
  const { program } = cluster;
  if (!program.join) throw new Error(`Nobody joins a room of ${program.name}.`);
  const streams: Listener[] = [];
  const requests: { readonly node: number; readonly bytes: Buffer }[] = [];
  for (let i = 0; i < joiners; i++) {
    const node = i % 2;
    const peer = await program.peer();
    streams.push(await Listener.open(cluster.node(node).port, toWire(program.open(peer, 'plaza'))));
    // A peer's state comes with each word of it, and its stamp is what streams count.
    requests.push({ node, bytes: toWire(program.join(peer, 'plaza', stamp())) });
  }

  // Only now: a connection that sends nothing for long is closed.
  const doors = [await connectCallers(cluster, 0, atOnce), await connectCallers(cluster, 1, atOnce)];
  const redis = cluster.redis.client();
  await redis.config('SET', 'slowlog-log-slower-than', '0');
  await redis.config('SET', 'slowlog-max-len', '100000');
  await redis.slowlog('RESET');
  const tally = new Tally(streams, told(joiners));
  const start = performance.now();
  let refused = 0;
  const answers: Promise<void>[] = [];
  const { nodes, redis: ofRedis } = await cluster.cost(async () => {
    for (const [i, { node, bytes }] of requests.entries()) {
      const settled = Math.max(0, i - atOnce);
      await Promise.all([answers[settled], tally.reached(told(settled))]);
      const caller = doors[node]?.[i % atOnce];
      if (!caller) throw new Error('There is a connection for each that was asked for.');
      answers.push(
        caller.insist(bytes).then((times) => {
          refused += times;
        }),
      );
    }
    await Promise.all([...answers, tally.all()]);
  });
  const toldAfter = performance.now() - start;
  const slow = (await redis.slowlog('GET', '-1')) as [
    id: number,
    at: number,
    micros: number,
    args: string[],
  ][];
  const scripts = slow.filter(([, , , args]) => args[0]?.toLowerCase().startsWith('eval'));
  for (const stream of streams) stream.close();
  return {
    'answers UNAVAILABLE': refused,
    'until each has heard of each, ms': toldAfter,
    'CPU of both nodes a PeerAdded, µs': nodes / told(joiners),
    'CPU of Redis a join, ms': ofRedis / joiners / 1000,
    'longest script in Redis, ms': Math.max(...scripts.map(([, , micros]) => micros)) / 1000,
  };
}

/** How many messages there are when so many have joined: each is told of each other. */
function told(joined: number): number {
  return joined * (joined - 1);
}
