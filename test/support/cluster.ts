import type { Redis } from 'ioredis';
import { freePort, type RedisServer, startRedis } from './redis.ts';
import { until } from './until.ts';

/** Starts a Redis Cluster of three primaries on loopback. Resolves when it serves all slots. */
export async function startCluster(): Promise<Cluster> {
  const cluster = new Cluster();
  try {
    for (const range of [
      [0, 5460],
      [5461, 10922],
      [10923, 16383],
    ] as const) {
      const node = await cluster.addNode();
      await cluster.client(node).cluster('ADDSLOTSRANGE', ...range);
    }
    await cluster.settle();
    return cluster;
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}

export class Cluster {
  readonly nodes: RedisServer[] = [];
  readonly #clients = new Map<RedisServer, Redis>();

  get url(): string {
    return `redis+cluster://${this.nodes.map(({ port }) => `127.0.0.1:${port}`).join(',')}`;
  }

  /** The client for commands to this cluster node itself: the same each time. */
  client(node: RedisServer): Redis {
    const client = this.#clients.get(node) ?? node.client();
    this.#clients.set(node, client);
    return client;
  }

  /** Starts a cluster node without slots, and introduces it to the others. */
  async addNode(): Promise<RedisServer> {
    const node = await this.#start();
    const [first] = this.nodes;
    this.nodes.push(node);
    if (first) {
      const busPort = await this.client(first).config('GET', 'cluster-port');
      await node
        .client()
        .call('CLUSTER', 'MEET', '127.0.0.1', first.port, String(busPort).split(',')[1] ?? '');
    }
    return node;
  }

  /** Starts a replica of this primary. Resolves when it is in step. */
  async addReplicaOf(primary: RedisServer): Promise<RedisServer> {
    const replica = await this.addNode();
    const id = await this.client(primary).cluster('MYID');
    const client = this.client(replica);
    await until(
      async () => (await client.cluster('REPLICATE', id)) === 'OK',
      'the new cluster node is a replica',
    );
    await until(() => replica.isInStepWith(primary), 'the new replica is in step');
    // All cluster nodes vote in a failover, so each must know the replica.
    for (const node of this.nodes) {
      const known = async () =>
        String(await this.client(node).cluster('REPLICAS', id)).includes(`:${replica.port}@`);
      await until(known, 'each cluster node knows the replica');
    }
    return replica;
  }

  /** The cluster node that has the slot of the key, according to the cluster node `seenBy`. */
  async ownerOf(key: string, seenBy = this.nodes[0]): Promise<RedisServer> {
    if (!seenBy) throw new Error('The Cluster has no node yet.');
    const client = this.client(seenBy);
    const slot = Number(await client.cluster('KEYSLOT', key));
    for (const [first, last, primary] of (await client.cluster('SLOTS')) as unknown as RangeReply[]) {
      const owner = this.nodes.find(({ port }) => port === primary[1]);
      if (owner && first <= slot && slot <= last) return owner;
    }
    throw new Error(`No cluster node has slot ${slot}.`);
  }

  /** Resolves when all cluster nodes know one another, and see all slots served. */
  async settle(): Promise<void> {
    for (const node of this.nodes) {
      const client = this.client(node);
      await until(async () => {
        const info = await client.cluster('INFO');
        return info.includes('cluster_state:ok') && info.includes(`cluster_known_nodes:${this.nodes.length}`);
      }, 'the Cluster is complete');
    }
  }

  async stop(): Promise<void> {
    for (const node of this.nodes) await node.stop();
  }

  async #start(): Promise<RedisServer> {
    const busPort = await freePort();
    const args = [
      '--cluster-enabled',
      'yes',
      '--cluster-port',
      `${busPort}`,
      '--cluster-node-timeout',
      '1000',
    ];
    return startRedis({
      args: [
        ...args,
        ...['--cluster-require-full-coverage', 'no', '--cluster-allow-replica-migration', 'no'],
        ...['--cluster-replica-validity-factor', '0'],
      ],
    });
  }
}

type RangeReply = readonly [first: number, last: number, primary: readonly [host: string, port: number]];
