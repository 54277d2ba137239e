import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';

/** Opens a page that asks for a name, in a window of its own. */
export async function openAs(browser: Browser, name: string, address: string): Promise<Page> {
  const page = await (await browser.newContext()).newPage();
  page.on('dialog', (dialog) => dialog.accept(name));
  await page.goto(address);
  return page;
}

/** Saves a page as a file, as the reader of a document does. Returns its address. */
export async function saved(folder: string, html: string): Promise<string> {
  const path = join(folder, 'peer.html');
  await writeFile(path, html);
  return pathToFileURL(path).href;
}

/** Says something in one window, in its only input. */
export async function say(page: Page, text: string): Promise<void> {
  await page.locator('input').fill(text);
  await page.locator('input').press('Enter');
}
