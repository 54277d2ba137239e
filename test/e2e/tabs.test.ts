import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type NodeProcess, startNode } from '../support/node.ts';
import { close, draw, launchForWebRtc, pixelsOf, shapesIn, svgOf, watch } from './drawing-page.ts';

const soon = { timeout: 30_000, interval: 500 };

let browser: Browser;
let node: NodeProcess;
beforeAll(async () => {
  [browser, node] = await Promise.all([launchForWebRtc(), startNode()]);
}, 60_000);
afterAll(async () => {
  await browser.close();
  await node[Symbol.asyncDispose]();
});

/** A browser in which everything goes through the server: nothing but the tabs' own connections can carry it. */
async function newBrowser(): Promise<BrowserContext> {
  const context = await browser.newContext({ viewport: { width: 900, height: 700 }, acceptDownloads: true });
  await context.addInitScript('delete window.RTCPeerConnection');
  // A headless browser shows all its tabs. `hide` changes that.
  await context.addInitScript(() => {
    let isHidden = false;
    Object.defineProperty(document, 'hidden', { get: () => isHidden });
    Object.assign(window, {
      hide(value: boolean) {
        isHidden = value;
        document.dispatchEvent(new Event('visibilitychange'));
      },
    });
  });
  return context;
}

function hide(page: Page, isHidden: boolean): Promise<void> {
  return page.evaluate(
    (value) => (window as unknown as { hide(value: boolean): void }).hide(value),
    isHidden,
  );
}

async function openTab(context: BrowserContext, name: string, room: string): Promise<Page> {
  const page = await context.newPage();
  watch(page, name);
  await page.goto(`${node.url}/draw/${room}`);
  await page.locator('#status[data-kind=good]').waitFor();
  return page;
}

async function expectPeople(count: number, pages: readonly Page[]): Promise<void> {
  for (const page of pages) await expect.poll(() => page.locator('#people li').count(), soon).toBe(count);
}

/** Waits until all tabs show the same, with this many shapes. A tab is fast only in front. */
async function expectSameInTabs(shapes: number, pages: readonly Page[]): Promise<void> {
  const shown = new Set<string>();
  for (const page of pages) {
    await page.bringToFront();
    await expect.poll(async () => shapesIn(await svgOf(page)), soon).toBe(shapes);
    shown.add((await svgOf(page)) + (await pixelsOf(page)));
  }
  expect(shown.size).toBe(1);
}

test('eight tabs of the drawing room in one browser, over plain HTTP/1.1, all work, and go on when the first are closed', {
  timeout: 180_000,
}, async () => {
  const context = await newBrowser();
  const pages: Page[] = [];
  for (let n = 0; n < 8; n++) pages.push(await openTab(context, `tab ${n}`, 'eight'));
  await expectPeople(8, pages);
  for (const [n, page] of pages.entries()) {
    const y = 0.1 + 0.1 * n;
    await page.bringToFront();
    await draw(page, 'pencil', [0.1, y], [0.4, y], [0.8, y]);
  }
  await expectSameInTabs(8, pages);
  // The first tabs hold the streams.
  for (const page of pages.splice(0, 3)) await page.close();
  const [fourth] = pages as [Page];
  await fourth.bringToFront();
  await draw(fourth, 'rectangle', [0.2, 0.2], [0.5, 0.6]);
  await expectSameInTabs(9, pages);
  await expectPeople(5, pages);
  await close(fourth);
});

test('a tab that is hidden gives its stream to one that is shown; both stay the same peers and miss nothing', {
  timeout: 120_000,
}, async () => {
  const context = await newBrowser();
  const pages: Page[] = [];
  const streams: number[] = [];
  for (let n = 0; n < 5; n++) {
    streams.push(0);
    context.once('page', (page) => {
      page.on('request', (request) => {
        if (request.postData()?.includes('subscription')) streams[n] = (streams[n] ?? 0) + 1;
      });
    });
    pages.push(await openTab(context, `tab ${n}`, 'hidden'));
  }
  await expectPeople(5, pages);
  expect(streams).toEqual([1, 1, 1, 0, 0]);
  const [first, , , fourth] = pages as [Page, Page, Page, Page, Page];
  const news = await first.evaluate(() => {
    const heard: string[] = [];
    const element = document.getElementById('news') as HTMLElement;
    new MutationObserver(() => heard.push(element.textContent ?? '')).observe(element, { childList: true });
    return Object.assign(window, { heard }) && true;
  });
  expect(news).toBe(true);
  await hide(first, true);
  // A tab that waits is told of every slot that becomes free.
  await hide(fourth, true);
  await hide(fourth, false);
  await expect.poll(() => streams.reduce((sum, count) => sum + count), soon).toBe(4);
  await fourth.bringToFront();
  await draw(fourth, 'rectangle', [0.2, 0.2], [0.5, 0.6]);
  await first.bringToFront();
  await draw(first, 'circle', [0.5, 0.5], [0.8, 0.8]);
  await expectSameInTabs(2, pages);
  await expectPeople(5, pages);
  // Nobody has left the room meanwhile.
  expect(await first.evaluate(() => (window as unknown as { heard: string[] }).heard)).toEqual([]);
  await close(first);
});
