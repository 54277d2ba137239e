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

  it('two nodes serve on a Cluster, whichever primary has their keys', async () => {
    const owners = new Set<unknown>();
    while (owners.size < 3) {
      const prefix = freshPrefix();
      const owner = await cluster.ownerOf(`{${prefix}}`);
      if (owners.has(owner)) continue;
      owners.add(owner);
      await expectService(await nodesAt(cluster.url, { prefix }));
    }
  });

  it('a URL with one cluster node is enough to find the primary of the keys', async () => {
    const prefix = freshPrefix();
    const owner = await cluster.ownerOf(`{${prefix}}`);
    const other = cluster.nodes.find((each) => each !== owner);
    await expectService(await nodesAt(`redis+cluster://127.0.0.1:${other?.port}`, { prefix }));
  });

  it('traffic continues without a refusal if a primary dies that has none of the keys', async () => {
    const prefix = freshPrefix();
    const owner = await cluster.ownerOf(`{${prefix}}`);
    const other = cluster.nodes.find((each) => each !== owner);
    const hubs = await nodesAt(cluster.url, { prefix });
    const traffic = new Traffic(hubs);
    await traffic.start();
    await other?.kill();
    const survivor = cluster.client(owner);
    await until(
      async () => String(await survivor.cluster('NODES')).includes('fail '),
      'the Cluster sees the dead primary',
    );
    await traffic.goesOn();
    expect(hubs.every((hub) => hub.ready())).toBe(true);
    await traffic.check();
    expect([traffic.refused, traffic.restarts]).toEqual([0, 0]);
    await expectService(await nodesAt(cluster.url, { prefix }), 'later');
    await other?.restart();
    await cluster.settle();
  });

  it('G3: a planned failover of a Cluster under load loses no entry and starts no new session', async () => {
    const prefix = freshPrefix();
    const owner = await cluster.ownerOf(`{${prefix}}`);
    const replica = await cluster.addReplicaOf(owner);
    await cluster.settle();
    const lines: string[] = [];
    const hubs = await nodesAt(cluster.url, { prefix, log: (line) => lines.push(line) });
    const traffic = new Traffic(hubs);
    await traffic.start();
    await cluster.client(replica).cluster('FAILOVER');
    await until(
      async () => (await cluster.ownerOf(`{${prefix}}`, replica)) === replica,
      'the replica has taken over',
    );
    const reconnects = () => lines.filter((line) => /"level":30.*redis: connected/.test(line)).length;
    await until(() => reconnects() >= hubs.length, 'both nodes have reconnected');
    await traffic.goesOn();
    await bothReady(hubs);
    await traffic.check();
    expect(traffic.restarts).toBe(0);
  });

  it('G3: if the primary of the keys dies, a peer receives every acknowledged entry or a new session', async () => {
    const prefix = freshPrefix();
    const owner = await cluster.ownerOf(`{${prefix}}`);
    const replica = await cluster.addReplicaOf(owner);
    await cluster.settle();
    const hubs = await nodesAt(cluster.url, { prefix });
    const traffic = new Traffic(hubs);
    await traffic.start();
    await owner.kill();
    await traffic.stalls();
    // The previous story may have left a second replica, and either replica may take over.
    await until(
      async () => (await cluster.ownerOf(`{${prefix}}`, replica)) !== owner,
      'a replica has taken over',
    );
    await traffic.goesOn();
    await bothReady(hubs);
    await traffic.check();
  });
}
