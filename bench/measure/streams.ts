import { setTimeout as sleep } from 'node:timers/promises';
import { type Deployment, withDeployments } from '../deployment.ts';
import { type Effort, systemsToCompare } from '../effort.ts';
import { alternate, type Figure, type Sample } from '../figures.ts';
import { Listener } from '../load/listener.ts';
import { floor, nchan, type System, signalbox, signalboxInMemory, socketIo, stock } from '../systems.ts';

/** Streams to open before the first reading, so that one-time allocations do not count. */
const first = 500;
/** How many streams to open at the same time. */
const atOnce = 32;
/** The stock contender is still subscribing after it has sent the response headers. */
const settleMs = 1000;

/** How much memory of a node one open stream takes. */
export function measureStreams(effort: Effort): Promise<readonly Figure[]> {
  const { streams, streamRounds } = effort;
  const ours = [signalbox, signalboxInMemory];
  const systems = systemsToCompare(ours, effort, [stock, floor, socketIo, ...nchan()]);
  // Use a fresh process each time: a heap that has grown does not shrink again.
  return alternate('streams', systems, streamRounds, (system) => memoryOf(system, streams), streams);
}

function memoryOf(system: System, streams: number): Promise<Sample> {
  return withDeployments([system], 1, async ([deployment]) => {
    if (!deployment) throw new Error('No deployment was started.');
    const opened: Listener[] = [];
    await open(deployment, opened, first);
    const before = await deployment.node(0).memory();
    await open(deployment, opened, streams);
    const after = await deployment.node(0).memory();
    for (const stream of opened) stream.close();
    return {
      'RSS per stream, KB': (after.rssBytes - before.rssBytes) / streams / 1024,
      'heap per stream, KB':
        ((after.heapBytes ?? Number.NaN) - (before.heapBytes ?? Number.NaN)) / streams / 1024,
    };
  });
}

async function open(deployment: Deployment, opened: Listener[], count: number): Promise<void> {
  const { program } = deployment;
  const { port } = deployment.node(0);
  const until = opened.length + count;
  while (opened.length < until) {
    const batch = Array.from({ length: Math.min(atOnce, until - opened.length) }, async (_, i) => {
      return Listener.open(port, program.open(await program.peer(), `room-${opened.length + i}`));
    });
    opened.push(...(await Promise.all(batch)));
  }
  await sleep(settleMs);
}
