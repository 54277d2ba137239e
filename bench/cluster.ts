import { type RedisServer, startRedis } from '../test/support/redis.ts';
import { BenchServer } from './server.ts';
import { type Program, type System, secret } from './systems.ts';

/** Long enough for a room to be filled by peers that are not connected at the time. */
const graceSeconds = '120';

/** A program that runs: its nodes, and a Redis of its own where it has one. */
export class Cluster<P extends Program = System> implements AsyncDisposable {
  readonly program: P;
  readonly nodes: readonly BenchServer[];
  readonly #redis: RedisServer | undefined;

  private constructor(program: P, nodes: readonly BenchServer[], redis: RedisServer | undefined) {
    this.program = program;
    this.nodes = nodes;
    this.#redis = redis;
  }

  static async start<P extends Program>(program: P, nodes: number): Promise<Cluster<P>> {
    const redis = program.redis ? await startRedis() : undefined;
    const env = { TOKEN_SECRET: secret, GRACE_SECONDS: graceSeconds, ...(redis && { REDIS_URL: redis.url }) };
    const started = Array.from({ length: nodes }, () => BenchServer.start(program.file, env));
    return new Cluster(program, await Promise.all(started), redis);
  }

  get name(): string {
    return this.program.name;
  }

  get redis(): RedisServer {
    if (!this.#redis) throw new Error(`${this.name} has no Redis.`);
    return this.#redis;
  }

  node(index: number): BenchServer {
    const node = this.nodes[index];
    if (!node) throw new Error(`${this.name} has no node ${index}.`);
    return node;
  }

  /** What work costs all nodes together, and Redis, in microseconds of CPU. */
  async cost(work: () => Promise<void>): Promise<{ nodes: number; redis: number }> {
    const [nodes, redis] = [await this.#nodesMicros(), await this.#redisMicros()];
    await work();
    return { nodes: (await this.#nodesMicros()) - nodes, redis: (await this.#redisMicros()) - redis };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.stop()));
    await this.#redis?.stop();
  }

  async #nodesMicros(): Promise<number> {
    const each = await Promise.all(this.nodes.map((node) => node.ask('cpu')));
    return each.reduce((sum, { cpuMicros }) => sum + cpuMicros, 0);
  }

  async #redisMicros(): Promise<number> {
    if (!this.#redis) return 0;
    const client = this.#redis.client();
    try {
      const info = await client.info('cpu');
      const seconds = [...info.matchAll(/^used_cpu_(?:sys|user):([\d.]+)/gm)].map(([, value]) =>
        Number(value),
      );
      return seconds.reduce((sum, value) => sum + value, 0) * 1_000_000;
    } finally {
      client.disconnect();
    }
  }
}

/** Starts each, and stops them all when the work is done, or has failed. */
export async function withClusters<P extends Program, T>(
  programs: readonly P[],
  nodes: number,
  work: (clusters: readonly Cluster<P>[]) => Promise<T>,
): Promise<T> {
  await using stack = new AsyncDisposableStack();
  const clusters: Cluster<P>[] = [];
  // One after another: to start is work, and what waits for it must not run into its time limits.
  for (const program of programs) clusters.push(stack.use(await Cluster.start(program, nodes)));
  return await work(clusters);
}
