import { type RedisServer, startRedis } from '../test/support/redis.ts';
import type { Measured } from './measured.ts';
import { NginxNode } from './nginx.ts';
import { BenchNode } from './node.ts';
import { type Program, type System, secret } from './systems.ts';

/** Long enough to fill a room with peers that are not connected. */
const graceSeconds = '120';
/** Enough for every measurement. */
const maxStreams = '20000';

/** The running nodes of a program, and a Redis of their own if the program needs one. */
export class Deployment<P extends Program = System> implements AsyncDisposable {
  readonly program: P;
  readonly nodes: readonly Measured[];
  readonly #redis: RedisServer | undefined;

  private constructor(program: P, nodes: readonly Measured[], redis: RedisServer | undefined) {
    this.program = program;
    this.nodes = nodes;
    this.#redis = redis;
  }

  static async start<P extends Program>(program: P, nodes: number): Promise<Deployment<P>> {
    const redis = program.redis ? await startRedis() : undefined;
    const env = {
      TOKEN_SECRET: secret,
      GRACE_SECONDS: graceSeconds,
      MAX_STREAMS: maxStreams,
      ...(redis && { REDIS_URL: redis.url }),
    };
    const kind = program.file.endsWith('.conf') ? NginxNode : BenchNode;
    const started = Array.from({ length: nodes }, () => kind.start(program.file, env));
    return new Deployment(program, await Promise.all(started), redis);
  }

  get name(): string {
    return this.program.name;
  }

  get redis(): RedisServer {
    if (!this.#redis) throw new Error(`${this.name} has no Redis.`);
    return this.#redis;
  }

  node(index: number): Measured {
    const node = this.nodes[index];
    if (!node) throw new Error(`${this.name} has no node ${index}.`);
    return node;
  }

  /** The node as a process of Node.js, which can be halted and profiled. */
  process(index: number): BenchNode {
    const node = this.node(index);
    if (!(node instanceof BenchNode)) throw new Error(`${this.name} does not run on Node.js.`);
    return node;
  }

  /** The CPU time, in microseconds, that `work` costs all nodes together, and Redis. */
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
    const each = await Promise.all(this.nodes.map((node) => node.cpuMicros()));
    return each.reduce((sum, micros) => sum + micros, 0);
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

/** Starts a deployment of each program. Stops them all when the work has succeeded or failed. */
export async function withDeployments<P extends Program, T>(
  programs: readonly P[],
  nodes: number,
  work: (deployments: readonly Deployment<P>[]) => Promise<T>,
): Promise<T> {
  await using stack = new AsyncDisposableStack();
  const deployments: Deployment<P>[] = [];
  // Start one after another: a start is work, and must not delay the others past their time limits.
  for (const program of programs) deployments.push(stack.use(await Deployment.start(program, nodes)));
  return await work(deployments);
}
