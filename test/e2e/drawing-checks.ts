import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import { differences, takeFaults } from './drawing-page.ts';

/** How long a change may take to reach another page. Chromium holds downloads back if a page saves too often. */
export const soon = { timeout: 15_000, interval: 500 };

/** Closes the pages with their contexts. Fails if any page had an error. */
export async function close(...pages: readonly Page[]): Promise<void> {
  for (const page of pages) await page.context().close();
  expect(takeFaults()).toEqual([]);
}

/** Waits until all pages show the same shapes and pixels, with this many shapes. */
export async function expectSame(shapes: number, ...pages: readonly Page[]): Promise<void> {
  await expect.poll(() => differences(shapes, pages), soon).toEqual([]);
}

/** Waits until the page shows these paths to the others in the room. */
export async function expectPaths(page: Page, ...paths: readonly string[]): Promise<void> {
  await expect.poll(() => page.locator('#people .path').allInnerTexts(), soon).toEqual(paths);
}
