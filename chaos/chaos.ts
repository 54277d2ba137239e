import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { access } from '../test/support/client.ts';
import { closeConnections } from './api.ts';
import { Backend } from './backend.ts';
import { Deployment } from './deployment.ts';
import type { ClientHistory, History } from './history.ts';
import { Random } from './random.ts';
import { schedule } from './schedule.ts';
import { Store } from './store.ts';
import { User } from './user.ts';

export interface ChaosOptions {
  readonly seed: number;
  /** How long clients talk and things go wrong. Some 20 more follow, in which all becomes calm. */
  readonly seconds: number;
  readonly clients: number;
  readonly nodes?: number;
  /** Whether Redis is a primary with a replica, behind sentinels. */
  readonly replicated?: boolean;
}

const graceMs = 5000;
/** Those who have gone are announced within so long: a grace, a lease, and some patience. */
const announcedMs = 2 * graceMs + 1000;
/** Clients to a room, about: each is in up to three. */
const clientsPerRoom = 5;
/** How long each step towards calm may take. What takes longer is told, and judged. */
const calmLimitMs = 30_000;
const pollMs = 100;

/** Runs it, and gives back all that happened. Throws where the run itself could not be had. */
export async function runChaos(options: ChaosOptions): Promise<History> {
  const { seed, seconds, nodes = 3, replicated = false } = options;
  const history: History = {
    startedAt: Date.now(),
    graceMs,
    clients: [],
    faults: [],
    incidents: [],
    orphans: [],
    lagMs: 0,
  };
  const lag = monitorEventLoopDelay();
  lag.enable();
  const random = new Random(seed);
  const faults = schedule(random.fork(), { durationMs: seconds * 1000, nodes, replicated });
  const quiet = new AbortController();
  await using cleanup = new AsyncDisposableStack();
  const deployment = await Deployment.start(await Backend.start(replicated), nodes, history);
  cleanup.defer(() => deployment.stop());
  cleanup.defer(closeConnections);
  history.startedAt = Date.now();
  lag.reset();
  const crew = new Crew(deployment, history, random.fork(), options.clients, quiet.signal);
  cleanup.defer(() => {
    quiet.abort();
    return crew.close();
  });

  const troubles = faults.map((fault) => deployment.suffer(fault, quiet.signal));
  crew.begin();
  await Promise.all([...troubles, pause(seconds * 1000)]);
  quiet.abort();
  await deployment.ready();
  await deployment.backend.ask((redis) => becomeCalm(crew, history, new Store(redis, deployment.prefix)));
  history.lagMs = lag.max / 1e6;
  return history;
}

/** Those who are there, as many at any time as there should be. */
class Crew {
  readonly users: User[] = [];
  readonly #deployment: Deployment;
  readonly #history: History;
  readonly #random: Random;
  readonly #count: number;
  readonly #quiet: AbortSignal;
  readonly #rooms: readonly string[];
  #places: readonly Promise<void>[] = [];

  constructor(deployment: Deployment, history: History, random: Random, count: number, quiet: AbortSignal) {
    this.#deployment = deployment;
    this.#history = history;
    this.#random = random;
    this.#count = count;
    this.#quiet = quiet;
    const rooms = Math.max(1, Math.round(count / clientsPerRoom));
    this.#rooms = Array.from({ length: rooms }, (_, i) => `room ${i}`);
  }

  /** Those who have not gone. */
  get present(): readonly User[] {
    return this.users.filter(({ gone }) => !gone);
  }

  begin(): void {
    this.#places = Array.from({ length: this.#count }, (_, i) => this.#fill(i, this.#random.fork()));
  }

  /** All go. Resolves when none does anything any more. */
  async close(): Promise<void> {
    for (const user of this.users) user.connection.close();
    await Promise.all(this.#places);
  }

  /** One place in the crew: who goes is followed by another. */
  async #fill(place: number, random: Random): Promise<void> {
    for (let i = 0; !this.#quiet.aborted; i++) {
      const user = await this.#arrive(`${place}.${i}`, random.fork());
      await user?.live(this.#quiet);
    }
  }

  async #arrive(name: string, random: Random): Promise<User | undefined> {
    const url = this.#deployment.url(random.pick(this.#deployment.listening) ?? 0);
    try {
      if (url === undefined) throw new Error('That node is down.');
      const { token, peer } = await access(url, name);
      const world = { nodes: this.#deployment, rooms: this.#rooms, graceMs };
      const user = new User({ ...peer, token }, world, random);
      this.users.push(user);
      this.#history.clients.push(user.history);
      return user;
    } catch {
      // A node that is down, or that dies now: another one, a little later.
      await pause(random.between(100, 500));
      return undefined;
    }
  }
}

/** From here on nobody does anything but what is said here, and all must be as the users think it is. */
async function becomeCalm(crew: Crew, history: History, store: Store): Promise<void> {
  await until(calmLimitMs, async () => crew.present.every(({ settled }) => settled));
  const present = new Map<ClientHistory, ReadonlySet<string>>(
    crew.present.map((user) => [user.history, user.rooms]),
  );
  // Those who have gone are announced now, at the latest.
  const here = new Set([...present.keys()].map(({ id }) => id));
  await until(announcedMs, async () => {
    return [...(await store.sessions())].every((peer) => here.has(peer));
  });
  await until(calmLimitMs / 3, async () => crew.present.every(({ settled }) => settled));
  const unsettled = crew.present.filter(({ settled }) => !settled);
  const unrest = unsettled.map(({ history: { name } }) => `${name} is not connected, or not in its rooms`);
  await Promise.all(crew.present.map((user) => user.sayBarrier()));
  await until(calmLimitMs / 3, async () =>
    [...present.keys()].every((client) => hasBarriers(client, present)),
  );
  const at = Date.now();
  await Promise.all(crew.present.map((user) => user.lookAround()));
  const calm = { at, unrest, present, stored: await store.rooms(), sessions: await store.sessions() };
  history.calm = calm;

  for (const [i, user] of crew.present.entries()) {
    if (i % 2 === 0) await user.leaveAll();
  }
  await crew.close();
  await until(announcedMs, async () => {
    history.orphans = await store.orphans();
    return history.orphans.length === 0;
  });
}

/** Whether the last thing that each of the others said came, in each of the client's rooms. */
function hasBarriers(
  client: ClientHistory,
  present: ReadonlyMap<ClientHistory, ReadonlySet<string>>,
): boolean {
  const arrivals = client.sessions.at(-1)?.streams.flatMap((stream) => stream.arrivals) ?? [];
  const came = new Set(arrivals.map(({ id }) => id));
  for (const [other, rooms] of present) {
    if (other === client) continue;
    for (const room of rooms) {
      if (!present.get(client)?.has(room)) continue;
      const last = other.calls.findLast((call) => call.kind === 'broadcast' && call.roomId === room);
      if (last?.id !== undefined && !came.has(last.id)) return false;
    }
  }
  return true;
}

async function until(limitMs: number, holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + limitMs;
  while (!(await holds()) && Date.now() < deadline) await pause(pollMs);
}
