import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { access } from '../test/support/client.ts';
import { closeConnections } from './api.ts';
import { undoClockSteps } from './clock-steps.ts';
import { Deployment } from './deployment.ts';
import type { ClientHistory, History } from './history.ts';
import { Random } from './random.ts';
import { ChaosRedis } from './redis.ts';
import { schedule } from './schedule.ts';
import { Store } from './store.ts';
import { User } from './user.ts';

export interface ChaosOptions {
  readonly seed: number;
  /** How long faults happen. The run takes some 20 seconds more to become calm. */
  readonly seconds: number;
  readonly clients: number;
  readonly nodes?: number;
  /** Whether Redis is a primary with a replica behind sentinels. */
  readonly replicated?: boolean;
  /** Receives a line of text now and then, to show how far the run is. */
  readonly progress?: (line: string) => void;
}

const graceMs = 5000;
/** Clients that went must have been announced after this time: a grace period, a lease and some slack. */
const announcedMs = 2 * graceMs + 1000;
/** How many clients there are for each room, about. Each client is in up to three rooms. */
const clientsPerRoom = 5;
/** How long to wait in each step towards calm. Whatever is not calm by then is reported as a violation. */
const calmLimitMs = 30_000;
const pollMs = 100;
/** How often to show progress. */
const progressMs = 10_000;

/** Runs the nodes, the clients and the faults. Returns the history. Throws if the run itself fails. */
export async function runChaos(options: ChaosOptions): Promise<History> {
  const { seed, seconds, nodes = 3, replicated = false, progress = () => undefined } = options;
  const history: History = {
    startedAt: Date.now(),
    graceMs,
    clients: [],
    faults: [],
    incidents: [],
    leftoverKeys: [],
    lagMs: 0,
  };
  const lag = monitorEventLoopDelay();
  lag.enable();
  const random = new Random(seed);
  const faults = schedule(random.fork(), { durationMs: seconds * 1000, nodes, replicated });
  const calmDown = new AbortController();
  await using cleanup = new AsyncDisposableStack();
  const deployment = await Deployment.start(await ChaosRedis.start(replicated), nodes, history);
  cleanup.defer(() => deployment.stop());
  cleanup.defer(closeConnections);
  history.startedAt = Date.now();
  lag.reset();
  const population = new Population(deployment, history, random.fork(), options.clients, calmDown.signal);
  cleanup.defer(() => {
    calmDown.abort();
    return population.close();
  });

  const injections = faults.map((fault) => deployment.inject(fault, calmDown.signal));
  progress(`${nodes} nodes are ready. Faults happen for ${seconds} seconds.`);
  const reports = setInterval(() => progress(howFar(history, seconds)), progressMs);
  cleanup.defer(() => clearInterval(reports));
  population.begin();
  await Promise.all([...injections, sleep(seconds * 1000)]);
  calmDown.abort();
  clearInterval(reports);
  progress('The faults are over. Waiting until all clients are calm and have left, up to some 30 seconds.');
  await deployment.ready();
  await deployment.redis.withClient((redis) =>
    becomeCalm(population, history, new Store(redis, deployment.prefix)),
  );
  history.lagMs = lag.max / 1e6;
  undoClockSteps(history);
  return history;
}

function howFar({ startedAt, clients, faults }: History, seconds: number): string {
  const calls = clients.reduce((sum, client) => sum + client.calls.length, 0);
  const elapsed = Math.round((Date.now() - startedAt) / 1000);
  return `${elapsed} of ${seconds} s: ${faults.length} faults, ${clients.length} clients, ${calls} calls`;
}

/** The clients of a run. When one goes, another takes its place. */
class Population {
  readonly users: User[] = [];
  readonly #deployment: Deployment;
  readonly #history: History;
  readonly #random: Random;
  readonly #count: number;
  readonly #calmDown: AbortSignal;
  readonly #rooms: readonly string[];
  #places: readonly Promise<void>[] = [];

  constructor(
    deployment: Deployment,
    history: History,
    random: Random,
    count: number,
    calmDown: AbortSignal,
  ) {
    this.#deployment = deployment;
    this.#history = history;
    this.#random = random;
    this.#count = count;
    this.#calmDown = calmDown;
    const rooms = Math.max(1, Math.round(count / clientsPerRoom));
    this.#rooms = Array.from({ length: rooms }, (_, i) => `room ${i}`);
  }

  /** The clients that have not gone. */
  get present(): readonly User[] {
    return this.users.filter(({ gone }) => !gone);
  }

  begin(): void {
    this.#places = Array.from({ length: this.#count }, (_, i) => this.#fill(i, this.#random.fork()));
  }

  /** Has all clients leave. Resolves when all of them are idle. */
  async close(): Promise<void> {
    for (const user of this.users) user.connection.close();
    await Promise.all(this.#places);
  }

  /** Fills one place: when its client goes, the next one comes. */
  async #fill(place: number, random: Random): Promise<void> {
    for (let i = 0; !this.#calmDown.aborted; i++) {
      const user = await this.#arrive(`${place}.${i}`, random.fork());
      await user?.live(this.#calmDown);
    }
  }

  async #arrive(name: string, random: Random): Promise<User | undefined> {
    const url = this.#deployment.url(random.pick(this.#deployment.listening) ?? 0);
    try {
      if (url === undefined) throw new Error('That node is down.');
      const { token, peer } = await access(url, name);
      const environment = { nodes: this.#deployment, rooms: this.#rooms, graceMs };
      const user = new User({ ...peer, token }, environment, random);
      this.users.push(user);
      this.#history.clients.push(user.history);
      return user;
    } catch {
      // The node is down, or dies now. Try another node soon.
      await sleep(random.between(100, 500));
      return undefined;
    }
  }
}

/** Waits until all clients are where they want to be, records the state, then has all clients leave. */
async function becomeCalm(population: Population, history: History, store: Store): Promise<void> {
  await until(calmLimitMs, async () => population.present.every(({ settled }) => settled));
  const present = new Map<ClientHistory, ReadonlySet<string>>(
    population.present.map((user) => [user.history, user.rooms]),
  );
  // By now, every client that went must have been announced.
  const here = new Set([...present.keys()].map(({ id }) => id));
  await until(announcedMs, async () => {
    return [...(await store.sessions())].every((peer) => here.has(peer));
  });
  await until(calmLimitMs / 3, async () => population.present.every(({ settled }) => settled));
  const restless = population.present.filter(({ settled }) => !settled);
  const unsettled = restless.map(
    ({ history: { name } }) => `${name} did not become connected and enter all of its rooms in time`,
  );
  await Promise.all(population.present.map((user) => user.broadcastBarrier()));
  await until(calmLimitMs / 3, async () =>
    [...present.keys()].every((client) => hasBarriers(client, present)),
  );
  const at = Date.now();
  await Promise.all(population.present.map((user) => user.queryRooms()));
  const calm = { at, unsettled, present, stored: await store.rooms(), sessions: await store.sessions() };
  history.calm = calm;

  for (const [i, user] of population.present.entries()) {
    if (i % 2 === 0) await user.leaveAll();
  }
  await population.close();
  await until(announcedMs, async () => {
    history.leftoverKeys = await store.leftoverKeys();
    return history.leftoverKeys.length === 0;
  });
}

/** Whether the client has received the last broadcast of every other member of its rooms. */
function hasBarriers(
  client: ClientHistory,
  present: ReadonlyMap<ClientHistory, ReadonlySet<string>>,
): boolean {
  const arrivals = client.sessions.at(-1)?.streams.flatMap((stream) => stream.arrivals) ?? [];
  const arrived = new Set(arrivals.map(({ cursor }) => cursor));
  for (const [other, rooms] of present) {
    if (other === client) continue;
    for (const room of rooms) {
      if (!present.get(client)?.has(room)) continue;
      const last = other.calls.findLast((call) => call.kind === 'broadcast' && call.roomId === room);
      if (last?.cursor !== undefined && !arrived.has(last.cursor)) return false;
    }
  }
  return true;
}

async function until(limitMs: number, holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + limitMs;
  while (!(await holds()) && Date.now() < deadline) await sleep(pollMs);
}
