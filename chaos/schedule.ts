import type { Random } from './random.ts';

/** Faults of a node: killed (SIGKILL), halted (SIGSTOP), told to drain (SIGTERM). */
const nodeFaults = ['node-kill', 'node-stop', 'node-drain'] as const;
/** Faults of a node's line to Redis: it stands still for longer than the node waits for an answer, or than the grace. */
const lineFaults = ['line-stall', 'line-cut'] as const;
/** Faults of the clock of Redis. */
const clockFaults = ['clock-forward', 'clock-back'] as const;
/** Faults of a single Redis that keeps its data on disk. `redis-empty` deletes the data. */
const singleFaults = [
  'kill-listening',
  'kill-commands',
  'redis-restart',
  'redis-stop',
  'redis-empty',
] as const;
/** Faults of a primary with a replica. After a takeover the last writes may be missing. */
const replicatedFaults = ['kill-listening', 'kill-commands', 'redis-crash', 'redis-handover'] as const;

export type NodeFaultKind = (typeof nodeFaults | typeof lineFaults)[number];
export type RedisFaultKind = (typeof clockFaults | typeof singleFaults | typeof replicatedFaults)[number];
export type FaultKind = NodeFaultKind | RedisFaultKind;

/** One fault. Times are in milliseconds from the beginning of the run. */
export type Fault = { readonly at: number; readonly forMs: number } & (
  | { readonly kind: NodeFaultKind; readonly node: number }
  | { readonly kind: RedisFaultKind }
);

/** How long a fault of each kind lasts until it is undone, in milliseconds. */
const durationsMs: Readonly<Record<FaultKind, readonly [min: number, max: number]>> = {
  'node-kill': [200, 3000],
  // Mostly longer than the lease, after which the other nodes give a silent node up.
  'node-stop': [2500, 6500],
  'node-drain': [0, 1500],
  'line-stall': [1800, 3000],
  'line-cut': [6000, 8000],
  'kill-listening': [0, 0],
  'kill-commands': [0, 0],
  'redis-restart': [0, 5500],
  'redis-stop': [1000, 4500],
  'redis-empty': [0, 2000],
  'redis-crash': [0, 0],
  'redis-handover': [0, 0],
  'clock-forward': [0, 0],
  // Until the clock shows again what it showed before the step. Until then, cursors tell no times.
  'clock-back': [4200, 4200],
};

/** How far each fault sets the clock of Redis forward, in seconds; negative: back. */
export const clockSteps: Readonly<Partial<Record<FaultKind, number>>> = {
  'clock-forward': 3600,
  'clock-back': -4,
};

/** How long a target is left alone after a fault. */
const recoveryMs = 1500;
/** The time between the beginnings of two faults. */
const gapsMs = [300, 1900] as const;

/** The chance that a round of faults includes `redis-empty`. It is rare because it excuses the end of sessions. */
const emptyChance = 0.5;

export interface ScheduleOptions {
  /** No fault begins after this time. */
  readonly durationMs: number;
  readonly nodes: number;
  /** Whether Redis has a replica that can take over. */
  readonly replicated: boolean;
}

/**
 * Draws the faults of a run. The result depends on the seed alone. Each kind comes once before any kind comes again,
 * except `redis-empty`, which comes less often. A target has one fault at a time, and one node is always left alone,
 * so that clients have a node to go to.
 */
export function schedule(random: Random, { durationMs, nodes, replicated }: ScheduleOptions): Fault[] {
  const kinds: readonly FaultKind[] = [
    ...nodeFaults,
    ...lineFaults,
    ...clockFaults,
    ...(replicated ? replicatedFaults : singleFaults),
  ];
  const nodesFreeAt = Array.from({ length: nodes }, () => 0);
  let redisFreeAt = 0;
  let deck: FaultKind[] = [];
  const faults: Fault[] = [];
  for (let at = 1000 + random.between(...gapsMs); at < durationMs; at += random.between(...gapsMs)) {
    if (deck.length === 0) {
      deck = random.shuffled(kinds.filter((kind) => kind !== 'redis-empty' || random.chance(emptyChance)));
    }
    const free = nodesFreeAt.flatMap((freeAt, node) => (freeAt <= at ? [node] : []));
    const index = deck.findIndex((kind) => {
      const redisIsFree = redisFreeAt <= at;
      return isNodeFault(kind) ? free.length > 1 && (kind !== 'line-cut' || redisIsFree) : redisIsFree;
    });
    const [kind] = index < 0 ? [] : deck.splice(index, 1);
    if (kind === undefined) continue;
    const [min, max] = durationsMs[kind];
    const forMs = Math.round(random.between(min, max));
    const freeAt = at + forMs + recoveryMs;
    if (isNodeFault(kind)) {
      const node = random.pick(free) ?? 0;
      nodesFreeAt[node] = freeAt;
      // Otherwise the node would rarely be alone with its fault for long enough.
      if (kind === 'line-cut') redisFreeAt = freeAt - recoveryMs;
      faults.push({ at: Math.round(at), forMs, kind, node });
    } else {
      redisFreeAt = freeAt;
      faults.push({ at: Math.round(at), forMs, kind });
    }
  }
  return faults;
}

function isNodeFault(kind: FaultKind): kind is NodeFaultKind {
  return ([...nodeFaults, ...lineFaults] as readonly FaultKind[]).includes(kind);
}
