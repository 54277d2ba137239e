import { withDeployments } from '../deployment.ts';
import { type Effort, systemsToCompare } from '../effort.ts';
import { alternate, type Figure } from '../figures.ts';
import { BroadcastLoad } from '../load/broadcast-load.ts';
import { floor, nchan, signalbox, socketIo, stock } from '../systems.ts';

/** One peer sends; all others in the room receive, half of them at each of two nodes. */
export async function measureBroadcast(effort: Effort): Promise<readonly Figure[]> {
  const systems = systemsToCompare([signalbox], effort, [stock, floor, socketIo, ...nchan()]);
  const figures: Figure[] = [];
  for (const members of effort.rooms) {
    const ofRoom = await withDeployments(systems, 2, async (deployments) => {
      const loads: BroadcastLoad[] = [];
      for (const deployment of deployments) {
        const load = await BroadcastLoad.start(deployment, members);
        await load.warmUp(effort.deliveries, effort.warmUpSeconds);
        loads.push(load);
      }
      return alternate('broadcast', loads, effort.rounds, (load) => load.round(effort.deliveries), members);
    });
    figures.push(...ofRoom);
  }
  return figures;
}
