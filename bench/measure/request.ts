import { type Deployment, withDeployments } from '../deployment.ts';
import { type Effort, systemsToCompare } from '../effort.ts';
import { alternate, type Figure } from '../figures.ts';
import { Caller } from '../load/caller.ts';
import { toWire } from '../load/http.ts';
import { graphql, graphqlJs, type Program, signalboxInMemory, stock } from '../systems.ts';
import { untilSteady } from '../warm-up.ts';

const connections = 8;

/** The cost of `{ me { id } }`, a GraphQL request that needs almost no work. */
export function measureRequest(effort: Effort): Promise<readonly Figure[]> {
  const programs = systemsToCompare<Program>([signalboxInMemory], effort, [stock, graphqlJs]);
  return withDeployments(programs, 1, async (deployments) => {
    const loads: RequestLoad[] = [];
    for (const deployment of deployments) {
      const load = await RequestLoad.start(deployment);
      await untilSteady(load.name, effort.warmUpSeconds, () => load.cost(effort.requests));
      loads.push(load);
    }
    return alternate('request', loads, effort.rounds, async (load) => ({
      'CPU, µs': await load.cost(effort.requests),
    }));
  });
}

class RequestLoad {
  readonly #deployment: Deployment<Program>;
  readonly #callers: readonly Caller[];
  readonly #request: Buffer;

  private constructor(deployment: Deployment<Program>, callers: readonly Caller[], request: Buffer) {
    this.#deployment = deployment;
    this.#callers = callers;
    this.#request = request;
  }

  static async start(deployment: Deployment<Program>): Promise<RequestLoad> {
    const { port } = deployment.node(0);
    const callers = await Promise.all(Array.from({ length: connections }, () => Caller.connect(port)));
    const request = toWire(graphql(await deployment.program.peer(), '{ me { id } }'));
    return new RequestLoad(deployment, callers, request);
  }

  get name(): string {
    return this.#deployment.name;
  }

  /** The CPU time of one request, in microseconds. */
  async cost(requests: number): Promise<number> {
    const each = Math.ceil(requests / connections);
    const { nodes } = await this.#deployment.cost(async () => {
      const senders = this.#callers.map(async (caller) => {
        for (let n = 0; n < each; n++) await caller.send(this.#request);
      });
      await Promise.all(senders);
    });
    return nodes / (each * connections);
  }
}
