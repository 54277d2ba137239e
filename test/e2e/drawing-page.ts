import { readFileSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { expect } from 'vitest';
import { launchChromium } from '../support/chromium.ts';

/** How long a change may take to reach another page. Chromium holds downloads back if a page saves too often. */
export const soon = { timeout: 15_000, interval: 500 };

/** A Chromium in which pages find one another without a STUN server. */
export function launchForWebRtc(): Promise<Browser> {
  // The only candidates are this machine's addresses: Chromium must not hide them.
  const args = ['--disable-features=WebRtcHideLocalIpsWithMdns', '--allow-loopback-in-peer-connection'];
  return launchChromium(args);
}

export interface Visit {
  /** The server's address. */
  readonly url: string;
  readonly room: string;
  readonly withoutWebRtc?: boolean;
}

/** Errors that pages have had. */
const faults: string[] = [];

/** Lets `close` fail if the page has an error. */
export function watch(page: Page, name: string): void {
  page.on('pageerror', (error) => faults.push(`${name}: ${error.message}`));
  page.on('console', (line) => {
    // Browsers log each attempt to reach a server that is away.
    if (line.type() === 'error' && !line.text().includes('net::ERR_')) faults.push(`${name}: ${line.text()}`);
  });
}

/** Opens the drawing room as a person of this name, with a browser profile of its own. */
export async function visit(
  browser: Browser,
  name: string,
  { url, room, withoutWebRtc }: Visit,
): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1000, height: 700 }, acceptDownloads: true });
  await context.addInitScript((text) => localStorage.setItem('signalbox.name', text), name);
  if (withoutWebRtc) await context.addInitScript('delete window.RTCPeerConnection');
  const page = await context.newPage();
  watch(page, name);
  await page.goto(`${url}/draw/${room}`);
  await page.locator('#status[data-kind=good]').waitFor();
  return page;
}

export async function close(...pages: readonly Page[]): Promise<void> {
  for (const page of pages) await page.context().close();
  expect(faults.splice(0)).toEqual([]);
}

/** Draws from one place of the board to others. 0 is left or top, 1 is right or bottom. */
export async function draw(
  page: Page,
  kind: string,
  ...places: readonly (readonly [number, number])[]
): Promise<void> {
  await page.locator(`[name=kind][value=${kind}]`).check({ force: true });
  await stroke(page, ...places);
}

/** Moves the pointer over the board, pressed from the first of these places to the last. */
export async function stroke(page: Page, ...places: readonly (readonly [number, number])[]): Promise<void> {
  const box = await page.locator('#board').boundingBox();
  if (!box) throw new Error('The board is not shown.');
  for (const [n, [x, y]] of places.entries()) {
    await page.mouse.move(box.x + x * box.width, box.y + y * box.height, { steps: 5 });
    if (n === 0) await page.mouse.down();
  }
  await page.mouse.up();
}

export async function svgOf(page: Page): Promise<string> {
  const [download] = await Promise.all([page.waitForEvent('download'), page.locator('#svg').click()]);
  return readFileSync(await download.path(), 'utf8');
}

/** All pixels of the board, once the page has painted its last change. */
export function pixelsOf(page: Page): Promise<string> {
  return page.evaluate(
    () =>
      new Promise<string>((resolve) =>
        requestAnimationFrame(() =>
          requestAnimationFrame(() => {
            resolve((document.getElementById('board') as HTMLCanvasElement).toDataURL());
          }),
        ),
      ),
  );
}

export function shapesIn(svg: string): number {
  return (svg.match(/<g stroke|<text/g) ?? []).length;
}

/** Waits until all pages show the same, with this many shapes. */
export async function expectSame(shapes: number, ...pages: readonly Page[]): Promise<void> {
  for (const page of pages) await expect.poll(async () => shapesIn(await svgOf(page)), soon).toBe(shapes);
  const [first, ...others] = pages as readonly [Page, ...Page[]];
  for (const other of others)
    await expect.poll(async () => await svgOf(other), soon).toBe(await svgOf(first));
  const pixels = await pixelsOf(first);
  for (const other of others)
    expect((await pixelsOf(other)) === pixels, 'the pixels are the same').toBe(true);
}

export async function expectPaths(page: Page, ...paths: readonly string[]): Promise<void> {
  await expect.poll(() => page.locator('#people .path').allInnerTexts(), soon).toEqual(paths);
}
