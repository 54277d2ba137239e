import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { type NodeProcess, startNode } from '../support/node.ts';
import { close, expectPaths, expectSame, soon } from './drawing-checks.ts';
import {
  draw,
  launchForWebRtc,
  pixelsOf,
  shapesIn,
  svgOf,
  type Visit,
  visit,
  watch,
} from './drawing-page.ts';

const timeout = 60_000;

let browser: Browser;
let node: NodeProcess;
beforeAll(async () => {
  [browser, node] = await Promise.all([launchForWebRtc(), startNode()]);
}, 60_000);
afterAll(async () => {
  await browser.close();
  await node[Symbol.asyncDispose]();
});

async function drawTogether(room: Omit<Visit, 'url'>, path: string): Promise<void> {
  const options = { url: node.url, ...room };
  const ada = await visit(browser, 'Ada', options);
  const ben = await visit(browser, 'Ben', options);
  for (const page of [ada, ben]) await expectPaths(page, path);
  await draw(ada, 'pencil', [0.1, 0.1], [0.3, 0.5], [0.6, 0.2]);
  await draw(ben, 'rectangle', [0.2, 0.2], [0.5, 0.6]);
  await draw(ben, 'circle', [0.5, 0.5], [0.9, 0.8]);
  await draw(ada, 'text', [0.2, 0.8]);
  await ada.keyboard.type('Hello <Ben> & all');
  await ada.keyboard.press('Enter');
  await expectSame(4, ada, ben);
  expect(await svgOf(ben)).toContain('Hello &lt;Ben&gt; &amp; all');

  await ada.locator('#board').hover();
  await expect.poll(() => ben.locator('#cursors').innerText(), soon).toBe('Ada');
  // Each undoes its own only.
  await ben.keyboard.press('Control+z');
  await expectSame(3, ada, ben);

  const cas = await visit(browser, 'Cas', options);
  await expectSame(3, ada, ben, cas);
  await draw(cas, 'pencil', [0.7, 0.1], [0.9, 0.4]);
  await expectSame(4, ada, ben, cas);
  await ada.locator('#clear').click();
  await expectSame(0, ada, ben, cas);
  await close(ada, ben, cas);
}

test('two pages draw over WebRTC and show the same pixels; a late joiner gets the drawing', {
  timeout,
}, async () => {
  await drawTogether({ room: 'direct' }, 'direct');
});

test('where WebRTC is impossible, all goes through the server, and the pixels are the same', {
  timeout,
}, async () => {
  await drawTogether({ room: 'relayed', withoutWebRtc: true }, 'relayed');
});

test('what a page drew stays when the page is reloaded or closed, and newcomers get it', {
  timeout,
}, async () => {
  const room = 'stays';
  const ada = await visit(browser, 'Ada', { url: node.url, room });
  const ben = await visit(browser, 'Ben', { url: node.url, room });
  await expectPaths(ada, 'direct');
  await draw(ada, 'pencil', [0.1, 0.1], [0.5, 0.5]);
  await draw(ben, 'pencil', [0.5, 0.1], [0.1, 0.5]);
  await expectSame(2, ada, ben);
  await ada.reload();
  await ada.locator('#status[data-kind=good]').waitFor();
  await expectSame(2, ada, ben);
  await close(ben);
  await expectPaths(ada);
  const cas = await visit(browser, 'Cas', { url: node.url, room });
  await expectSame(2, ada, cas);
  await close(ada, cas);
});

test('a tap with the pencil is a dot, which both pages show', { timeout }, async () => {
  const ada = await visit(browser, 'Ada', { url: node.url, room: 'dot' });
  const ben = await visit(browser, 'Ben', { url: node.url, room: 'dot' });
  const empty = await pixelsOf(ada);
  await draw(ada, 'pencil', [0.5, 0.5]);
  await expectSame(1, ada, ben);
  expect((await pixelsOf(ben)) === empty, 'the board is empty').toBe(false);
  await close(ada, ben);
});

test('a name is shown to the others when it changes, and kept for the next visit', { timeout }, async () => {
  const ada = await visit(browser, 'Ada', { url: node.url, room: 'names' });
  const ben = await visit(browser, 'Ben', { url: node.url, room: 'names' });
  await ada.getByLabel('Your name').fill('Countess');
  await ada.getByLabel('Your name').press('Enter');
  await expect.poll(() => ben.locator('#people').innerText(), soon).toContain('Countess');
  expect(await ada.evaluate(() => localStorage.getItem('signalbox.name'))).toBe('Countess');
  await close(ada, ben);
});

test('by the keyboard alone, one chooses a tool, draws and undoes', { timeout }, async () => {
  const ada = await visit(browser, 'Ada', { url: node.url, room: 'keys' });
  await ada.keyboard.press('r');
  expect(await ada.getByRole('radio', { name: 'Rectangle' }).isChecked()).toBe(true);
  await ada.locator('#board').focus();
  for (const key of ['Space', 'ArrowRight', 'ArrowDown', 'Space']) await ada.keyboard.press(key);
  expect(shapesIn(await svgOf(ada))).toBe(1);
  await ada.keyboard.press('Control+z');
  expect(shapesIn(await svgOf(ada))).toBe(0);
  await close(ada);
});

test('the page in docs/clients/README.md opens a data channel between two windows', { timeout }, async () => {
  const docs = readFileSync(new URL('../../docs/clients/README.md', import.meta.url), 'utf8');
  const example = /```html\n([\s\S]*?)```/.exec(docs)?.[1] ?? '';
  const html = example.replaceAll('http://localhost:4000', node.url);
  // The page has another origin than the node, like the page of an application.
  const pages = createServer((_req, res) => res.writeHead(200, { 'Content-Type': 'text/html' }).end(html));
  pages.listen(0, '127.0.0.1');
  await once(pages, 'listening');
  onTestFinished(() => void pages.close());
  const open = async () => {
    const page = await (await browser.newContext()).newPage();
    watch(page, 'example');
    await page.goto(`http://127.0.0.1:${(pages.address() as AddressInfo).port}/`);
    return page;
  };
  const [one, other] = [await open(), await open()];
  for (const page of [one, other]) await page.getByText('The way to ada is direct.').waitFor();
  await one.locator('input').fill('Hello other window');
  await one.locator('input').press('Enter');
  await other.getByText('Hello other window').waitFor();
  await close(one, other);
});

test('/draw makes a new room each time', async () => {
  const rooms = new Set<string>();
  for (let n = 0; n < 3; n++) {
    const response = await fetch(`${node.url}/draw`, { redirect: 'manual' });
    expect(response.status).toBe(302);
    rooms.add(response.headers.get('location') ?? '');
  }
  expect([...rooms].every((path) => /^draw\/[\w-]{8}$/.test(path))).toBe(true);
  expect(rooms.size).toBe(3);
});

test('the start page: two peers meet, say hello, open a data channel, and one resumes', {
  timeout,
}, async () => {
  const page = await (await browser.newContext()).newPage();
  watch(page, 'start');
  await page.goto(`${node.url}/`);
  const [ada, ben] = ['Ada', 'Ben'].map((name) => page.getByRole('region', { name }));
  if (!ada || !ben) throw new Error('unreachable');
  for (const panel of [ada, ben]) {
    await panel.getByRole('button', { name: 'Connect' }).click();
    await panel.getByRole('button', { name: 'Join' }).click();
  }
  await ada.getByRole('button', { name: 'Say hello' }).click();
  await ben.getByText('“hello” from Ada.').waitFor();
  expect(await ada.locator('pre').innerText()).toContain('relay(');
  await ada.getByRole('button', { name: 'curl' }).click();
  expect(await ada.locator('pre').innerText()).toMatch(/^curl http.*\/graphql/);
  // G1: Ben has joined last, so Ben offers.
  expect(await ada.getByRole('button', { name: 'Open a data channel' }).isDisabled()).toBe(true);
  await ben.getByRole('button', { name: 'Open a data channel' }).click();
  await ada.getByText('Hello from Ben, straight from window to window.').waitFor();
  await ben.getByText('Hello from Ada, straight from window to window.').waitFor();
  await ada.getByRole('button', { name: 'Cut the line' }).click();
  await ada.getByText('resumed: true').waitFor();
  await ada.getByRole('button', { name: 'Leave' }).click();
  await ben.getByText('Ada has left.').waitFor();
  // What each click has sent can still be seen.
  const clicks = ada.getByRole('combobox', { name: 'Click' });
  expect(await clicks.getByRole('option').allTextContents()).toEqual([
    '5. Leave',
    '4. Cut the line',
    '3. Say hello',
    '2. Join',
    '1. Connect',
  ]);
  const sent: Readonly<Record<string, string>> = {
    '1. Connect': 'access(',
    '2. Join': 'joinRoom(',
    '3. Say hello': '"event":"hello"',
    '4. Cut the line': '"after":',
    '5. Leave': 'leaveRoom(',
  };
  for (const [click, part] of Object.entries(sent)) {
    await clicks.selectOption(click);
    expect(await ada.locator('pre').innerText()).toContain(part);
  }
  await close(page);
});
