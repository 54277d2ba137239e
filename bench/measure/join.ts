import { type Deployment, withDeployments } from '../deployment.ts';
import { type Effort, systemsToCompare } from '../effort.ts';
import { alternate, type Figure, type Sample } from '../figures.ts';
import { connectCallers, Tally } from '../load/audience.ts';
import { Listener, stamp } from '../load/listener.ts';
import { signalbox } from '../systems.ts';

/** How many joins are under way at the same time: unanswered, or with messages that have not arrived. */
const atOnce = 8;

/**
 * Many peers join one room, half of them at each of two nodes, until every peer was told of every other. There is no
 * contender: in none of them is a peer told who is in its room.
 */
export function measureJoin(effort: Effort): Promise<readonly Figure[]> {
  const { joiners, joinRounds } = effort;
  return alternate(
    'join',
    systemsToCompare([signalbox], effort, []),
    joinRounds,
    (system) =>
      withDeployments([system], 2, async ([deployment]) => {
        if (!deployment) throw new Error('No deployment was started.');
        return join(deployment, joiners);
      }),
    joiners,
  );
}

async function join(deployment: Deployment, joiners: number): Promise<Sample> {
  const { program } = deployment;
  if (!program.join) throw new Error(`${program.name} has no members.`);
  const streams: Listener[] = [];
  const requests: { readonly node: number; readonly bytes: Buffer }[] = [];
  for (let i = 0; i < joiners; i++) {
    const node = i % 2;
    const peer = await program.peer(stamp());
    streams.push(await Listener.open(deployment.node(node).port, program.open(peer, 'plaza')));
    // Each `PeerAdded` names the peer, so a stamp as its username lets the streams count them.
    requests.push({ node, bytes: program.join(peer, 'plaza') });
  }

  // Connect only now: a node closes a connection that is idle for long.
  const callers = [await connectCallers(deployment, 0, atOnce), await connectCallers(deployment, 1, atOnce)];
  const redis = deployment.redis.client();
  await redis.config('SET', 'slowlog-log-slower-than', '0');
  await redis.config('SET', 'slowlog-max-len', '100000');
  await redis.slowlog('RESET');
  const tally = new Tally(streams, messagesAfter(joiners));
  const start = performance.now();
  let refused = 0;
  const answers: Promise<void>[] = [];
  const { nodes, redis: ofRedis } = await deployment.cost(async () => {
    for (const [i, { node, bytes }] of requests.entries()) {
      const settled = Math.max(0, i - atOnce);
      await Promise.all([answers[settled], tally.reached(messagesAfter(settled))]);
      const caller = callers[node]?.[i % atOnce];
      if (!caller) throw new Error(`There is no connection ${i % atOnce}.`);
      answers.push(
        caller.sendUntilAccepted(bytes).then((times) => {
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
    'joins refused with UNAVAILABLE': refused,
    'time until every peer knows every other, ms': toldAfter,
    'CPU of both nodes per PeerAdded, µs': nodes / messagesAfter(joiners),
    'CPU of Redis per join, ms': ofRedis / joiners / 1000,
    'longest script in Redis, ms': Math.max(...scripts.map(([, , micros]) => micros)) / 1000,
  };
}

/** The number of messages after that many joins: every peer was told of every other. */
function messagesAfter(joined: number): number {
  return joined * (joined - 1);
}
