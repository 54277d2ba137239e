import { readFileSync } from 'node:fs';
import type { Locator, Page } from 'playwright-core';
import { expect, onTestFinished, test } from 'vitest';
import { launchChromium } from '../support/chromium.ts';
import { startNode } from '../support/node.ts';

const timeout = 60_000;

/** Opens a page on a phone of 390 by 844 points. */
async function onPhone(path: string): Promise<Page> {
  const [browser, node] = await Promise.all([launchChromium(), startNode()]);
  onTestFinished(async () => {
    await browser.close();
    await node[Symbol.asyncDispose]();
  });
  const viewport = { width: 390, height: 844 };
  const context = await browser.newContext({
    viewport,
    hasTouch: true,
    isMobile: true,
    deviceScaleFactor: 3,
  });
  const page = await context.newPage();
  await page.goto(node.url + path);
  return page;
}

async function expectNoOverflow(page: Page): Promise<void> {
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
}

test('on a phone, one taps a tool, writes, and draws with a finger whose pressure shows', {
  timeout,
}, async () => {
  const page = await onPhone('/draw/touch');
  await page.locator('#status[data-kind=good]').waitFor();
  await expectNoOverflow(page);
  const box = await page.locator('#board').boundingBox();
  if (!box) throw new Error('The board is not shown.');

  await page.locator('label:has([value=text])').tap();
  await page.touchscreen.tap(box.x + 60, box.y + 200);
  await page.locator('#entry').waitFor();
  await page.keyboard.type('By touch');
  await page.keyboard.press('Enter');

  await page.locator('label:has([value=pencil])').tap();
  const devtools = await page.context().newCDPSession(page);
  const touch = (type: 'touchStart' | 'touchMove', n: number) =>
    devtools.send('Input.dispatchTouchEvent', {
      type,
      touchPoints: [{ x: box.x + 80, y: box.y + 20 + 10 * n, force: (n + 1) / 21, id: 1 }],
    });
  await touch('touchStart', 0);
  for (let n = 1; n <= 20; n++) await touch('touchMove', n);
  await devtools.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] });
  expect(await page.evaluate(() => scrollY), 'the page stays where it is').toBe(0);

  const [download] = await Promise.all([page.waitForEvent('download'), page.locator('#svg').click()]);
  const svg = readFileSync(await download.path(), 'utf8');
  expect(svg).toContain('>By touch</text>');
  const widths = [...svg.matchAll(/stroke-width="([\d.]+)"/g)].map(([, width]) => Number(width));
  expect(Math.max(...widths)).toBeGreaterThan(2 * Math.min(...widths));
});

test('on a phone, the start page fits the screen, with Ada and Ben side by side; what was sent takes its width', {
  timeout,
}, async () => {
  const page = await onPhone('/');
  const [ada, ben] = ['Ada', 'Ben'].map((name) => page.getByRole('region', { name })) as [Locator, Locator];
  await ada.getByRole('button', { name: 'Connect' }).tap();
  await page.getByText('A new session begins.').waitFor();
  await expectNoOverflow(page);
  const boxes = async () => [await ada.boundingBox(), await ben.boundingBox()];
  const [left, right] = await boxes();
  expect(right?.y).toBe(left?.y);
  expect(right?.x).toBeGreaterThan((left?.x ?? 0) + (left?.width ?? 0));
  await ada.getByText('Sent').tap();
  await ada.getByText('mutation').waitFor();
  const [wide, below] = await boxes();
  expect(wide?.width).toBeGreaterThan(350);
  expect(below?.y).toBeGreaterThan(wide?.y ?? 0);
  await expectNoOverflow(page);
});
