import { readFileSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { launchChromium } from '../support/chromium.ts';

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

/** Errors that pages have had since the last `takeFaults`. */
const faults: string[] = [];

export function takeFaults(): string[] {
  return faults.splice(0);
}

/** Adds the errors of this page to those of `takeFaults`, so that `close` fails. */
export function watch(page: Page, name: string): void {
  page.on('pageerror', (error) => faults.push(`${name}: ${error.message}`));
  page.on('console', (line) => {
    // Browsers log each attempt to reach a server that is away, or that cannot serve now.
    const isAway = /net::ERR_|status of 503/.test(line.text());
    if (line.type() === 'error' && !isAway) faults.push(`${name}: ${line.text()}`);
  });
}

/** Opens the drawing room as a person of this name, with a browser profile of its own. */
export async function visit(
  browser: Browser,
  name: string,
  { url, room, withoutWebRtc }: Visit,
): Promise<Page> {
  const viewport = { width: 1000, height: 700 };
  const context = await browser.newContext({ viewport, acceptDownloads: true, ignoreHTTPSErrors: true });
  await context.addInitScript((text) => localStorage.setItem('signalbox.name', text), name);
  if (withoutWebRtc) await context.addInitScript('delete window.RTCPeerConnection');
  const page = await context.newPage();
  watch(page, name);
  await page.goto(`${url}/draw/${room}`);
  await page.locator('#status[data-kind=good]').waitFor();
  return page;
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

/**
 * How the pages differ from one drawing with this many shapes. Empty if they do not. A page lacks what another page
 * shows, and no page may show a shape twice.
 */
export async function differences(shapes: number, pages: readonly Page[]): Promise<string[]> {
  const svgs = await Promise.all(pages.map(svgOf));
  const seen = svgs.map((svg) => svg.split('\n').filter((line) => shapesIn(line) > 0));
  const all = new Set(seen.flat());
  const found = seen.flatMap((lines, n) => {
    const own = new Set(lines);
    const lacks = [...all].filter((line) => !own.has(line)).length;
    const twice = lines.length - own.size;
    return lines.length === shapes && lacks === 0 && twice === 0
      ? []
      : [`page ${n} shows ${lines.length} of ${shapes} shapes, lacks ${lacks}, and has ${twice} twice`];
  });
  if (found.length > 0) return found;
  if (new Set(svgs).size > 1) return ['the shapes lie in different orders'];
  return new Set(await Promise.all(pages.map(pixelsOf))).size > 1 ? ['the pixels differ'] : [];
}
