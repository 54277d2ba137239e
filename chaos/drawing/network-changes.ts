import { setTimeout as sleep } from 'node:timers/promises';
import type { Artist, DrawingStage } from '../../test/deploy/drawing-stage.ts';
import type { PageNetwork } from '../../test/deploy/page-network.ts';
import type { Random } from '../random.ts';

/** A way in which the network of a page changes. */
interface Change {
  /** How often it comes, compared with the others. */
  readonly weight: number;
  /** The shortest and the longest time that it lasts, in milliseconds. */
  readonly forMs: readonly [min: number, max: number];
  readonly needsWebRtc?: boolean;
  begin(network: PageNetwork): unknown;
}

/** The grace period of the nodes, in seconds. Some changes last longer. */
export const graceSeconds = 8;

const ofPages: Readonly<Record<string, Change>> = {
  offline: { weight: 4, forMs: [300, 7000], begin: (network) => network.goOffline() },
  /** The others are told that this page has left. */
  'offline-long': {
    weight: 1,
    forMs: [1000 * graceSeconds + 2000, 1000 * graceSeconds + 8000],
    begin: (network) => network.goOffline(),
  },
  slow: { weight: 3, forMs: [2000, 10_000], begin: (network) => network.slowDown() },
  cut: { weight: 3, forMs: [0, 0], begin: (network) => network.cut() },
  stall: { weight: 3, forMs: [500, 9000], begin: (network) => network.stall() },
  /** Longer than the client waits for a sign of life. */
  'stall-long': { weight: 1, forMs: [42_000, 48_000], begin: (network) => network.stall() },
  'no-webrtc': {
    weight: 3,
    forMs: [500, 12_000],
    needsWebRtc: true,
    begin: (network) => network.loseWebRtc(),
  },
  /** As a phone that goes from one network to another. */
  'other-network': {
    weight: 3,
    forMs: [1000, 4000],
    begin: (network) => {
      network.cut();
      return network.goOffline();
    },
  },
};

/** The times between two changes, in milliseconds. */
const betweenPageChangesMs = [300, 2500] as const;
const betweenNodeChangesMs = [4000, 12_000] as const;
/** How long a node is away, in milliseconds. */
const nodeAwayMs = [200, 4000] as const;

/** How often each change came. */
export type Counts = Record<string, number>;

/** When changes must be over. */
export interface Span {
  /** In milliseconds of `performance.now()`. */
  readonly untilMs: number;
  readonly over: AbortSignal;
}

/** Changes the network of a page until the span is over, and then restores it. */
export async function changeNetworkOf(
  { network, hasWebRtc }: Artist,
  random: Random,
  span: Span,
  counts: Counts,
): Promise<void> {
  const fitting = Object.entries(ofPages).filter(([, { needsWebRtc }]) => hasWebRtc || !needsWebRtc);
  const pool = fitting.flatMap((entry) => Array.from({ length: entry[1].weight }, () => entry));
  try {
    while (!span.over.aborted) {
      await pause(random.between(...betweenPageChangesMs), span);
      const leftMs = span.untilMs - performance.now();
      const picked = random.pick(pool.filter(([, { forMs }]) => forMs[0] <= leftMs));
      if (!picked || span.over.aborted) continue;
      const [name, { forMs, begin }] = picked;
      count(counts, name);
      await begin(network);
      await pause(random.between(...forMs), span);
      await network.recover();
    }
  } finally {
    await network.recover();
  }
}

/** Kills and drains nodes until the span is over. At the end, both run. */
export async function changeNodes(
  stage: DrawingStage,
  random: Random,
  span: Span,
  counts: Counts,
): Promise<void> {
  while (!span.over.aborted) {
    await pause(random.between(...betweenNodeChangesMs), span);
    if (span.over.aborted) return;
    const both = random.chance(0.2);
    const signal = random.chance(0.6) ? 'SIGKILL' : 'SIGTERM';
    const ended = both ? [0, 1] : [random.below(2)];
    count(counts, `${signal === 'SIGKILL' ? 'kill' : 'drain'}-${both ? 'both-nodes' : 'node'}`);
    await Promise.all(ended.map((which) => stage.end(which, signal)));
    await pause(random.between(...nodeAwayMs), span);
    await Promise.all(ended.map((which) => stage.restart(which)));
  }
}

/** Resolves after this time, or when the span is over. */
export async function pause(ms: number, { over }: Span): Promise<void> {
  await sleep(ms, undefined, { signal: over }).catch(() => undefined);
}

function count(counts: Counts, name: string): void {
  counts[name] = (counts[name] ?? 0) + 1;
}
