import { type Cluster, withClusters } from '../cluster.ts';
import { type Effort, rivals } from '../effort.ts';
import { alternate, type Figure, type Sample } from '../figures.ts';
import { Caller } from '../load/caller.ts';
import { toWire } from '../load/http.ts';
import { graphql, graphqlJs, type Program, signalboxInMemory, stock } from '../systems.ts';

const connections = 8;

/** What a GraphQL request costs where there is next to nothing to do for it. */
export function measureRequest(effort: Effort): Promise<readonly Figure[]> {
  const programs = rivals<Program>([signalboxInMemory], effort, [stock, graphqlJs]);
  return withClusters(programs, 1, async (clusters) => {
    const loads: RequestLoad[] = [];
    for (const cluster of clusters) {
      const load = await RequestLoad.start(cluster);
      await load.round(effort);
      loads.push(load);
    }
    return alternate('request { me { id } }', loads, effort.rounds, (load) => load.round(effort));
  });
}

class RequestLoad {
  readonly #cluster: Cluster<Program>;
  readonly #callers: readonly Caller[];
  readonly #request: Buffer;

  private constructor(cluster: Cluster<Program>, callers: readonly Caller[], request: Buffer) {
    this.#cluster = cluster;
    this.#callers = callers;
    this.#request = request;
  }

  static async start(cluster: Cluster<Program>): Promise<RequestLoad> {
    const { port } = cluster.node(0);
    const callers = await Promise.all(Array.from({ length: connections }, () => Caller.connect(port)));
    const request = toWire(graphql(await cluster.program.peer(), '{ me { id } }'));
    return new RequestLoad(cluster, callers, request);
  }

  get name(): string {
    return this.#cluster.name;
  }

  async round({ requests }: Effort): Promise<Sample> {
    const each = Math.ceil(requests / connections);
    const { nodes } = await this.#cluster.cost(async () => {
      const senders = this.#callers.map(async (caller) => {
        for (let n = 0; n < each; n++) await caller.send(this.#request);
      });
      await Promise.all(senders);
    });
    return { 'CPU, µs': nodes / (each * connections) };
  }
}
