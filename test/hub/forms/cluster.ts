import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Cluster, startCluster } from '../../support/cluster.ts';
import { freshPrefix } from '../../support/redis.ts';
import { until } from '../../support/until.ts';
import { bothReady, expectService, nodesAt } from './support.ts';
import { Traffic } from './traffic.ts';

export function clusterStories(): void {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await startCluster();
  });
  afterAll(() => cluster.stop());

  it('serves, whichever of the primaries has the keys', async () => {
    const owners = new Set<unknown>();
    while (owners.size < 3) {
      const prefix = freshPrefix();
      const owner = await cluster.ownerOf(`{${prefix}}`);
      if (owners.has(owner)) continue;
      owners.add(owner);
      await expectService(await nodesAt(cluster.url, { prefix }));
    }
  });

  it('finds all nodes through one of them', async () => {
    const prefix = freshPrefix();
    const owner = await cluster.ownerOf(`{${prefix}}`);
    const other = cluster.nodes.find((node) => node !== owner);
    await expectService(await nodesAt(`redis+cluster://127.0.0.1:${other?.port}`, { prefix }));
  });

  it('goes on as if nothing were when a primary dies that has none of its keys', async () => {
    const prefix = freshPrefix();
    const owner = await cluster.ownerOf(`{${prefix}}`);
    const other = cluster.nodes.find((node) => node !== owner);
    const hubs = await nodesAt(cluster.url, { prefix });
    const traffic = new Traffic(hubs);
    await traffic.start();
    await other?.kill();
    const seesIt = cluster.client(owner);
    await until(
      async () => String(await seesIt.cluster('NODES')).includes('fail '),
      'the Cluster sees that it died',
    );
    await traffic.goesOn();
    expect(hubs.every((hub) => hub.ready())).toBe(true);
    await traffic.check();
    expect([traffic.refused, traffic.restarts]).toEqual([0, 0]);
    await expectService(await nodesAt(cluster.url, { prefix }), 'later');
    await other?.restart();
    await cluster.settle();
  });

  it('G3: a planned failover under load loses nothing, and interrupts nobody', async () => {
    const prefix = freshPrefix();
    const owner = await cluster.ownerOf(`{${prefix}}`);
    const replica = await cluster.addReplicaOf(owner);
    await cluster.settle();
    const lines: string[] = [];
    const hubs = await nodesAt(cluster.url, { prefix, log: (line) => lines.push(line) });
    const traffic = new Traffic(hubs);
    await traffic.start();
    await cluster.client(replica).cluster('FAILOVER');
    await until(async () => (await cluster.ownerOf(`{${prefix}}`, replica)) === replica, 'it took over');
    const back = () => lines.filter((line) => /"level":30.*redis: connected/.test(line)).length;
    await until(() => back() >= hubs.length, 'both nodes have followed');
    await traffic.goesOn();
    await bothReady(hubs);
    await traffic.check();
    expect(traffic.restarts).toBe(0);
  });

  it('G3: when the primary of its keys dies, peers go on with all they were sent, or are told', async () => {
    const prefix = freshPrefix();
    const owner = await cluster.ownerOf(`{${prefix}}`);
    const replica = await cluster.addReplicaOf(owner);
    await cluster.settle();
    const hubs = await nodesAt(cluster.url, { prefix });
    const traffic = new Traffic(hubs);
    await traffic.start();
    await owner.kill();
    await traffic.stalls();
    // It may have a second replica, from the story before, and either may take over.
    await until(async () => (await cluster.ownerOf(`{${prefix}}`, replica)) !== owner, 'one took over');
    await traffic.goesOn();
    await bothReady(hubs);
    await traffic.check();
  });
}
