import { setTimeout as sleep } from 'node:timers/promises';
import { type Cluster, withClusters } from '../cluster.ts';
import { type Effort, rivals } from '../effort.ts';
import { alternate, type Figure, type Sample } from '../figures.ts';
import { toWire } from '../load/http.ts';
import { Listener } from '../load/listener.ts';
import { plain, type System, signalbox, signalboxInMemory, stock } from '../systems.ts';

/** Streams that are open before the first look, so that what a server allocates once is not counted. */
const first = 500;
/** How many are opened at once. */
const atOnce = 32;
/** The stock way still subscribes after it has sent its headers. */
const settleMs = 1000;

/** What one open stream takes of a node's memory. */
export function measureStreams(effort: Effort): Promise<readonly Figure[]> {
  const { streams } = effort;
  const systems = rivals([signalbox, signalboxInMemory], effort, [stock, plain]);
  // Each in a process of its own, which nothing else has been done with: what a heap once grew to, it keeps.
  return alternate(`${streams} streams`, systems, 1, (system) => memoryOf(system, streams));
}

function memoryOf(system: System, streams: number): Promise<Sample> {
  return withClusters([system], 1, async ([cluster]) => {
    if (!cluster) throw new Error('The one cluster that was asked for has not come.');
    const opened: Listener[] = [];
    await open(cluster, opened, first);
    const before = await cluster.node(0).ask('memory');
    await open(cluster, opened, streams);
    const after = await cluster.node(0).ask('memory');
    for (const stream of opened) stream.close();
    return {
      'RSS a stream, KB': (after.rssBytes - before.rssBytes) / streams / 1024,
      'heap a stream, KB': (after.heapBytes - before.heapBytes) / streams / 1024,
    };
  });
}

async function open(cluster: Cluster, opened: Listener[], count: number): Promise<void> {
  const { program } = cluster;
  const { port } = cluster.node(0);
  const until = opened.length + count;
  while (opened.length < until) {
    const batch = Array.from({ length: Math.min(atOnce, until - opened.length) }, async (_, i) => {
      const request = program.open(await program.peer(), `room-${opened.length + i}`);
      return Listener.open(port, toWire(request));
    });
    opened.push(...(await Promise.all(batch)));
  }
  await sleep(settleMs);
}
