import { type Deployment, withDeployments } from '../deployment.ts';
import { type Effort, systemsToCompare } from '../effort.ts';
import { alternate, type Figure, type Sample } from '../figures.ts';
import { BroadcastLoad } from '../load/broadcast-load.ts';
import { fill } from '../load/fill.ts';
import { RelayLoad } from '../load/relay-load.ts';
import { floor, nchan, signalbox } from '../systems.ts';

/** The members of the room of which more and more nodes hold a part. */
const members = 240;
const membersOfARoom = 2;

/** How relays and broadcasts cost more or less with more nodes, which share the peers evenly. */
export async function measureNodes(effort: Effort): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const nodes of effort.growth.nodes) {
    const route = (pair: number) => [pair % nodes, (pair + 1) % nodes] as const;
    const ofNodes = await compare(effort, nodes, async (deployments) => {
      const loads = await eachOf(deployments, async (deployment) => {
        const relays = await warm(await RelayLoad.start(deployment, { route }), effort);
        const broadcasts = await BroadcastLoad.start(deployment, members);
        await broadcasts.warmUp(effort.deliveries, effort.growth.warmUpSeconds);
        return { name: deployment.name, relays, broadcasts };
      });
      return alternate(
        'nodes',
        loads,
        effort.growth.rounds,
        async ({ relays, broadcasts }) => ({
          ...(await relayed(relays, effort)),
          ...(await broadcasts.round(effort.deliveries)),
        }),
        nodes,
      );
    });
    figures.push(...ofNodes);
  }
  return figures;
}

/** What relays cost while there are more and more other rooms, whose members are between connections. */
export function measureRooms(effort: Effort): Promise<readonly Figure[]> {
  return compare(effort, 2, async (deployments) => {
    const loads = await eachOf(deployments, async (deployment) => ({
      name: deployment.name,
      deployment,
      relays: await warm(await RelayLoad.start(deployment), effort),
    }));
    const figures: Figure[] = [];
    let rooms = 0;
    for (const count of effort.growth.rooms) {
      for (const { deployment } of loads) await addRooms(deployment, rooms, count);
      rooms = count;
      const { rounds } = effort.growth;
      figures.push(
        ...(await alternate('rooms', loads, rounds, ({ relays }) => relayed(relays, effort), count)),
      );
    }
    return figures;
  });
}

/** What relays cost with larger and larger messages. */
export function measurePayload(effort: Effort): Promise<readonly Figure[]> {
  return compare(effort, 2, async (deployments) => {
    const figures: Figure[] = [];
    for (const bytes of effort.growth.bytes) {
      const loads = await eachOf(deployments, async (deployment) =>
        warm(await RelayLoad.start(deployment, { bytes }), effort),
      );
      const { rounds } = effort.growth;
      figures.push(...(await alternate('payload', loads, rounds, (load) => relayed(load, effort), bytes)));
      for (const load of loads) load.close();
    }
    return figures;
  });
}

function compare(
  effort: Effort,
  nodes: number,
  work: (deployments: readonly Deployment[]) => Promise<readonly Figure[]>,
): Promise<readonly Figure[]> {
  return withDeployments(systemsToCompare([signalbox], effort, [floor, ...nchan()]), nodes, work);
}

/** One after another: a start is work, and must not disturb the others. */
async function eachOf<T>(
  deployments: readonly Deployment[],
  start: (deployment: Deployment) => Promise<T>,
): Promise<readonly T[]> {
  const started: T[] = [];
  for (const deployment of deployments) started.push(await start(deployment));
  return started;
}

async function warm(load: RelayLoad, { relays, growth }: Effort): Promise<RelayLoad> {
  await load.warmUp(relays, growth.warmUpSeconds);
  return load;
}

async function relayed(load: RelayLoad, { relays }: Effort): Promise<Sample> {
  const { nodes, redis } = await load.burst(relays);
  return { 'CPU of all nodes per relay, µs': nodes, 'CPU of Redis per relay, µs': redis };
}

/** The contenders keep nothing of a room that has no streams. */
async function addRooms(deployment: Deployment, from: number, to: number): Promise<void> {
  const { program } = deployment;
  if (!program.join) return;
  const count = (to - from) * membersOfARoom;
  const peers = await Promise.all(Array.from({ length: count }, () => program.peer()));
  await fill(deployment, peers, (i) => `other-${from + Math.floor(i / membersOfARoom)}`);
}
