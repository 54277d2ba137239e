import { describe, expect, test } from 'vitest';
import { withDeployments } from '../../bench/deployment.ts';
import { RelayLoad } from '../../bench/load/relay-load.ts';
import { floor, nchan, type System, signalbox, socketIo, stock } from '../../bench/systems.ts';

const systems: readonly System[] = [signalbox, stock, floor, socketIo, ...nchan()];
const relays = 160;

describe('the bench', () => {
  test.each(systems.map((system) => [system.name, system] as const))(
    '%s passes every relay on to the other node, and the bench finds what that costs',
    async (_name, system) => {
      await withDeployments([system], 2, async ([deployment]) => {
        if (!deployment) throw new Error('No deployment was started.');
        const load = await RelayLoad.start(deployment);
        const { nodes, redis } = await load.burst(relays);
        expect(nodes).toBeGreaterThan(0);
        expect(redis).toBeGreaterThan(0);
        expect(await load.steadily(relays, 1)).toHaveLength(relays);
        load.close();
      });
    },
  );
});
