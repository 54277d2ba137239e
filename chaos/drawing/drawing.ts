import { setTimeout as sleep } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import { type Artist, DrawingStage } from '../../test/deploy/drawing-stage.ts';
import { differences, draw, takeFaults } from '../../test/e2e/drawing-page.ts';
import { Random } from '../random.ts';
import {
  type Counts,
  changeNetworkOf,
  changeNodes,
  graceSeconds,
  pause,
  type Span,
} from './network-changes.ts';

export interface DrawingOptions {
  readonly redisUrl: string;
  /** Determines the changes and the strokes. */
  readonly seed: number;
  /** For how long networks change. */
  readonly seconds: number;
  /** After how many seconds the networks become calm, and all pages must show the same. */
  readonly checkSeconds: number;
  readonly progress?: (line: string) => void;
}

export interface DrawingReport {
  readonly strokes: number;
  readonly changes: Counts;
  /** How often the pages opened a stream, met one another anew, and found another path. */
  readonly streams: number;
  readonly meetings: number;
  readonly paths: number;
  /** The longest time that a check took, in milliseconds: until all pages showed the same. */
  readonly slowestCheckMs: number;
  /** What the pages did not show as they should, at the check that ended the run. Empty if all was right. */
  readonly differences: readonly string[];
  /** Errors of the pages and of the nodes. */
  readonly faults: readonly string[];
}

/**
 * How long the pages have to show the same after the networks have become calm, in milliseconds: a client waits 40 s for
 * a sign of life, and up to 8 s before it tries again.
 */
const checkMs = 90_000;
/** The time between two strokes of a person, in milliseconds. */
const betweenStrokesMs = [500, 2500] as const;

/** What a page has seen: see `DrawingReport`. */
interface Seen {
  meetings: number;
  paths: number;
}

/** Two people who see one another over WebRTC, and one who has none. */
const people = [{ name: 'Ada' }, { name: 'Ben' }, { name: 'Cas', withoutWebRtc: true }];

/** Lets three people draw on two nodes behind nginx while their networks change. Stops at the first difference. */
export async function drawWhileNetworksChange(options: DrawingOptions): Promise<DrawingReport> {
  const { redisUrl, seconds, checkSeconds, seed, progress } = options;
  await using stage = await DrawingStage.set({ redisUrl, people, graceSeconds });
  const random = new Random(seed);
  const changes: Counts = {};
  const totals = { strokes: 0, streams: 0, slowestCheckMs: 0 };
  for (const page of stage.pages) {
    await observe(page);
    page.on('request', (request) => {
      if (request.postData()?.includes('subscription')) totals.streams += 1;
    });
  }
  let found: readonly string[] = [];
  const roundCount = Math.ceil(seconds / checkSeconds);
  for (let round = 1; round <= roundCount && found.length === 0; round++) {
    const ms = (1000 * seconds) / roundCount;
    totals.strokes += await drawFor(ms, stage, random.fork(), changes);
    const check = await waitUntilSame(totals.strokes, stage.pages);
    totals.slowestCheckMs = Math.max(totals.slowestCheckMs, check.ms);
    found = check.differences;
    const count = Object.values(changes).reduce((sum, n) => sum + n, 0);
    const verdict = found.length > 0 ? 'THEY DIFFER' : `the same after ${(check.ms / 1000).toFixed(1)} s`;
    progress?.(
      `${((round * ms) / 60_000).toFixed(1)} min  ${totals.strokes} strokes  ${count} changes  ${totals.streams} streams  ${verdict}`,
    );
  }
  const seen = await Promise.all(stage.pages.map(seenBy));
  return {
    ...totals,
    changes,
    meetings: seen.reduce((sum, { meetings }) => sum + meetings, 0),
    paths: seen.reduce((sum, { paths }) => sum + paths, 0),
    differences: found,
    faults: [...takeFaults(), ...stage.errors()],
  };
}

/** One round of drawing and changes. Resolves to the number of strokes, when all networks are good and both nodes run. */
async function drawFor(ms: number, stage: DrawingStage, random: Random, counts: Counts): Promise<number> {
  const over = new AbortController();
  const span: Span = { untilMs: performance.now() + ms, over: over.signal };
  const drawing = stage.artists.map((artist) => drawStrokes(artist, random.fork(), span));
  const changing = stage.artists.map((artist) => changeNetworkOf(artist, random.fork(), span, counts));
  const all = Promise.all([changeNodes(stage, random.fork(), span, counts), ...changing]);
  try {
    await Promise.race([sleep(ms), all, Promise.all(drawing)]);
  } finally {
    over.abort();
  }
  await all;
  return (await Promise.all(drawing)).reduce((sum, n) => sum + n);
}

/** Draws until the span is over. Resolves to the number of strokes. */
async function drawStrokes({ page }: Artist, random: Random, span: Span): Promise<number> {
  let strokes = 0;
  while (!span.over.aborted) {
    const kind = random.pick(['pencil', 'pencil', 'pencil', 'rectangle', 'circle']) ?? 'pencil';
    const place = () => [random.between(0.02, 0.98), random.between(0.02, 0.98)] as const;
    const places = Array.from({ length: kind === 'pencil' ? 2 + random.below(4) : 2 }, place);
    await draw(page, kind, ...places);
    strokes += 1;
    await pause(random.between(...betweenStrokesMs), span);
  }
  return strokes;
}

async function waitUntilSame(
  strokes: number,
  pages: readonly Page[],
): Promise<{ readonly ms: number; readonly differences: readonly string[] }> {
  const since = performance.now();
  for (;;) {
    const found = await differences(strokes, pages);
    const ms = performance.now() - since;
    if (found.length === 0 || ms > checkMs) return { ms, differences: found };
    await sleep(1000);
  }
}

/** Counts what the page shows from now on. */
function observe(page: Page): Promise<void> {
  return page.evaluate(() => {
    const seen: Seen = { meetings: 0, paths: 0 };
    Object.assign(window, { seen });
    const watch = (id: string, look: (text: string) => void) => {
      const element = document.getElementById(id) as HTMLElement;
      new MutationObserver(() => look(element.innerText)).observe(element, {
        childList: true,
        subtree: true,
      });
    };
    watch('news', (text) => {
      if (text.includes('is here')) seen.meetings += 1;
    });
    let before = '';
    watch('people', (text) => {
      const paths = (text.match(/direct|relayed/g) ?? []).join();
      if (paths !== before) seen.paths += 1;
      before = paths;
    });
  });
}

function seenBy(page: Page): Promise<Seen> {
  return page.evaluate(() => (window as unknown as { seen: Seen }).seen);
}
