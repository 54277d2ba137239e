import type { Random } from './random.ts';

/** What is done to a node. */
const nodeFaults = ['node-kill', 'node-stop', 'node-drain'] as const;
/** What is done to one Redis that keeps its data on disk; the last loses all of it. */
const singleFaults = [
  'kill-listening',
  'kill-commands',
  'redis-restart',
  'redis-stop',
  'redis-empty',
] as const;
/** What is done to a primary with a replica. A takeover may lose the last writes. */
const replicatedFaults = ['kill-listening', 'kill-commands', 'redis-crash', 'redis-handover'] as const;

export type NodeFaultKind = (typeof nodeFaults)[number];
export type RedisFaultKind = (typeof singleFaults | typeof replicatedFaults)[number];
export type FaultKind = NodeFaultKind | RedisFaultKind;

/** One thing that goes wrong. Times are in milliseconds, from the beginning of the run. */
export type Fault = { readonly at: number; readonly forMs: number } & (
  | { readonly kind: NodeFaultKind; readonly node: number }
  | { readonly kind: RedisFaultKind }
);

/** How long each lasts, until what was done is undone. */
const lengths: Readonly<Record<FaultKind, readonly [min: number, max: number]>> = {
  'node-kill': [200, 3000],
  // Longer than the lease, after which the others give a silent node up; now and then shorter.
  'node-stop': [2500, 6500],
  'node-drain': [0, 1500],
  'kill-listening': [0, 0],
  'kill-commands': [0, 0],
  'redis-restart': [0, 5500],
  'redis-stop': [1000, 4500],
  'redis-empty': [0, 2000],
  'redis-crash': [0, 0],
  'redis-handover': [0, 0],
};

/** What a target needs to be itself again after that. */
const recoveryMs = 1500;
/** Between one fault and the next. */
const pauses = [300, 1900] as const;

/** How often Redis loses all it has, for each time that other things are done: it excuses much. */
const oblivion = 0.5;

export interface ScheduleOptions {
  /** Nothing goes wrong after that. */
  readonly durationMs: number;
  readonly nodes: number;
  /** Whether Redis has a replica that takes over. */
  readonly replicated: boolean;
}

/**
 * What goes wrong and when: a pure function of the seed. Each kind comes once before any comes again,
 * but for a Redis that forgets, which comes less often.
 * At most one thing at a time is done to a target, and one node is always left alone, so that clients
 * have somewhere to go.
 */
export function schedule(random: Random, { durationMs, nodes, replicated }: ScheduleOptions): Fault[] {
  const kinds: readonly FaultKind[] = [...nodeFaults, ...(replicated ? replicatedFaults : singleFaults)];
  const nodesFreeAt = Array.from({ length: nodes }, () => 0);
  let redisFreeAt = 0;
  let deck: FaultKind[] = [];
  const faults: Fault[] = [];
  for (let at = 1000 + random.between(...pauses); at < durationMs; at += random.between(...pauses)) {
    if (deck.length === 0) {
      deck = random.shuffled(kinds.filter((kind) => kind !== 'redis-empty' || random.chance(oblivion)));
    }
    const free = nodesFreeAt.flatMap((freeAt, node) => (freeAt <= at ? [node] : []));
    const index = deck.findIndex((kind) => (isNodeFault(kind) ? free.length > 1 : redisFreeAt <= at));
    const [kind] = index < 0 ? [] : deck.splice(index, 1);
    if (kind === undefined) continue;
    const [min, max] = lengths[kind];
    const forMs = Math.round(random.between(min, max));
    const freeAt = at + forMs + recoveryMs;
    if (isNodeFault(kind)) {
      const node = random.pick(free) ?? 0;
      nodesFreeAt[node] = freeAt;
      faults.push({ at: Math.round(at), forMs, kind, node });
    } else {
      redisFreeAt = freeAt;
      faults.push({ at: Math.round(at), forMs, kind });
    }
  }
  return faults;
}

function isNodeFault(kind: FaultKind): kind is NodeFaultKind {
  return (nodeFaults as readonly FaultKind[]).includes(kind);
}
