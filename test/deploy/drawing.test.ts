import type { Page } from 'playwright-core';
import { expect, inject, test } from 'vitest';
import { expectPaths, expectSame } from '../e2e/drawing-checks.ts';
import { draw, takeFaults } from '../e2e/drawing-page.ts';
import { DrawingStage, type DrawingStageOptions } from './drawing-stage.ts';

const timeout = 90_000;

const setUp: Pick<DrawingStageOptions, 'graceSeconds'> = { graceSeconds: 40 };

/** Each page draws three shapes at the same time as the others. `n` tells the strokes of one call from those of another. */
async function drawTogether({ pages }: DrawingStage, n: number): Promise<void> {
  const work = pages.map(async (page, i) => {
    const y = 0.08 + 0.3 * i + 0.06 * n;
    await draw(page, 'pencil', [0.05, y], [0.2, y + 0.05], [0.35, y - 0.05], [0.5, y]);
    await draw(page, 'rectangle', [0.55, y], [0.7, y + 0.1]);
    await draw(page, 'circle', [0.75, y], [0.95, y + 0.1]);
  });
  await Promise.all(work);
}

/** Three pages draw while nothing fails, and then while each node is killed. */
async function drawThroughKills(stage: DrawingStage): Promise<void> {
  await drawTogether(stage, 0);
  await expectSame(9, ...stage.pages);
  expect(await stage.homes()).toEqual(new Set([0, 1]));
  for (const which of [0, 1]) {
    await Promise.all([drawTogether(stage, 2 * which + 1), stage.end(which, 'SIGKILL')]);
    await drawTogether(stage, 2 * which + 2);
    await expectSame(9 + 18 * (which + 1), ...stage.pages);
    expect(await stage.homes()).toEqual(new Set([1 - which]));
    await stage.restart(which);
  }
  expect(takeFaults()).toEqual([]);
}

test('behind nginx, three pages on two nodes draw the same pixels, one of them relayed, also while each node is killed', {
  timeout,
}, async () => {
  const people = [{ name: 'Ada' }, { name: 'Ben' }, { name: 'Cas', withoutWebRtc: true }];
  await using stage = await DrawingStage.set({ redisUrl: inject('redisUrl'), people, ...setUp });
  const [ada, ben, cas] = stage.pages as [Page, Page, Page];
  for (const page of [ada, ben]) await expectPaths(page, 'direct', 'relayed');
  await expectPaths(cas, 'relayed', 'relayed');
  await drawThroughKills(stage);
});

test('behind nginx, where the network lets no WebRTC through, three pages on two nodes draw the same pixels, also while each node is killed', {
  timeout,
}, async () => {
  const people = [{ name: 'Ada' }, { name: 'Ben' }, { name: 'Cas' }];
  const browserArgs = ['--webrtc-ip-handling-policy=disable_non_proxied_udp'];
  await using stage = await DrawingStage.set({ redisUrl: inject('redisUrl'), people, browserArgs, ...setUp });
  for (const page of stage.pages) await expectPaths(page, 'relayed', 'relayed');
  await drawThroughKills(stage);
  for (const page of stage.pages) await expectPaths(page, 'relayed', 'relayed');
});
