import { withDeployments } from '../deployment.ts';
import { type Effort, systemsToCompare } from '../effort.ts';
import { alternate, type Figure, quantile, type Sample } from '../figures.ts';
import { type RelayCost, RelayLoad } from '../load/relay-load.ts';
import { floor, nchan, signalbox, socketIo, stock } from '../systems.ts';

/** A system that is warm. */
interface Warm {
  readonly name: string;
  readonly load: RelayLoad;
  readonly warmUpSeconds: number;
}

/** From a mutation at one node to the message on a stream of the other. */
export function measureRelay(effort: Effort): Promise<readonly Figure[]> {
  const systems = systemsToCompare([signalbox], effort, [stock, floor, socketIo, ...nchan()]);
  return withDeployments(systems, 2, async (deployments) => {
    const all: Warm[] = [];
    for (const deployment of deployments) {
      const load = await RelayLoad.start(deployment);
      const warmUpSeconds = await load.warmUp(effort.relays, effort.warmUpSeconds);
      all.push({ name: load.name, load, warmUpSeconds });
    }
    // What Signalbox, which is the first of each round, can do under full load.
    let ours = 0;
    return alternate('relay', all, effort.rounds, async (warm) => {
      const cost = await warm.load.burst(effort.relays);
      if (warm === all[0]) ours = cost.perSecond;
      // Half load is half of that for all alike, but no more than half of what the system itself can do.
      return underHalfLoad(warm, cost, Math.min(ours, cost.perSecond) / 2, effort);
    });
  });
}

async function underHalfLoad(
  { load, warmUpSeconds }: Warm,
  { nodes, redis, perSecond }: RelayCost,
  rate: number,
  { seconds }: Effort,
): Promise<Sample> {
  const latencies = await load.steadily(rate, seconds);
  return {
    'CPU of both nodes, µs': nodes,
    'CPU of Redis, µs': redis,
    'relays a second under full load': perSecond,
    'relays a second under half load': rate,
    'p50 under half load, ms': quantile(latencies, 0.5),
    'p99 under half load, ms': quantile(latencies, 0.99),
    'warm-up, s': warmUpSeconds,
  };
}
