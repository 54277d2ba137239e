import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { createSecureServer, type OutgoingHttpHeaders } from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { type NodeProcess, startNode } from '../support/node.ts';
import { makeCertificate } from '../support/tls.ts';
import { close } from './drawing-checks.ts';
import { draw, launchForWebRtc, pixelsOf, shapesIn, svgOf, watch } from './drawing-page.ts';

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
  const context = await browser.newContext({
    viewport: { width: 900, height: 700 },
    acceptDownloads: true,
    ignoreHTTPSErrors: true,
  });
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

async function openTab(context: BrowserContext, name: string, room: string, url = node.url): Promise<Page> {
  const page = await context.newPage();
  watch(page, name);
  await page.goto(`${url}/draw/${room}`);
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

/** Opens this many tabs of a room. `streams` counts the streams that each has asked for so far. */
async function openTabs(context: BrowserContext, count: number, room: string, url?: string) {
  const pages: Page[] = [];
  const streams = Array.from({ length: count }, () => 0);
  for (let n = 0; n < count; n++) {
    context.once('page', (page) => {
      page.on('request', (sent) => {
        if (sent.postData()?.includes('subscription')) streams[n] = (streams[n] ?? 0) + 1;
      });
    });
    pages.push(await openTab(context, `tab ${n}`, room, url));
  }
  return { pages, streams };
}

/** A proxy that speaks HTTP/2 to browsers, as most do. */
async function http2Proxy(): Promise<string> {
  const certificate = await makeCertificate();
  onTestFinished(() => certificate.remove());
  const [cert, key] = [readFileSync(certificate.cert), readFileSync(certificate.key)];
  const { port } = new URL(node.url);
  const proxy = createSecureServer({ cert, key }, (req, res) => {
    const headers = Object.entries(req.headers).filter(([name]) => !name.startsWith(':'));
    const onward = request({
      host: 'localhost',
      port,
      path: req.url,
      method: req.method,
      headers: { ...Object.fromEntries(headers), host: 'localhost' },
    });
    onward.on('response', (answer) => {
      const { connection: _, 'keep-alive': __, 'transfer-encoding': ___, ...kept } = answer.headers;
      res.writeHead(answer.statusCode ?? 502, kept as OutgoingHttpHeaders);
      answer.on('error', () => res.stream.close()).pipe(res);
    });
    onward.on('error', () => res.stream.close());
    res.on('close', () => onward.destroy());
    req.pipe(onward);
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  onTestFinished(() => void proxy.close());
  return `https://localhost:${(proxy.address() as AddressInfo).port}`;
}

test('eight tabs of the drawing room in one browser, over plain HTTP/1.1, all work, and go on when the first are closed', {
  timeout: 180_000,
}, async () => {
  const context = await newBrowser();
  const { pages } = await openTabs(context, 8, 'eight');
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
  const { pages, streams } = await openTabs(context, 5, 'hidden');
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

test('over HTTP/2, each tab has a stream of its own', { timeout: 120_000 }, async () => {
  const context = await newBrowser();
  const { pages, streams } = await openTabs(context, 5, 'h2', await http2Proxy());
  await expectPeople(5, pages);
  await expect.poll(() => streams, soon).toEqual([1, 1, 1, 1, 1]);
  await close(pages[0] as Page);
});
