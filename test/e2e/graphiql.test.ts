import type { BrowserContext, BrowserContextOptions, Locator, Page } from 'playwright-core';
import { describe, expect, it, onTestFinished } from 'vitest';
import { post, serveSignalbox } from '../http/support.ts';
import { launchChromium } from '../support/chromium.ts';

/** The buttons of the walk, from top to bottom. */
const walk = [
  'Ada gets a token',
  'Ben gets a token',
  'Ada listens',
  'Ben listens',
  'Ada joins',
  'Ben joins',
  'Ben sends an offer',
  'Ada answers',
  'Ada greets all',
  'Ben leaves',
];

/** Opens a new browser. `asked` collects the URL of every request that its pages make. */
async function openBrowser(
  options: BrowserContextOptions = { viewport: { width: 1280, height: 800 } },
): Promise<{ context: BrowserContext; asked: string[] }> {
  const browser = await launchChromium();
  onTestFinished(() => browser.close());
  const context = await browser.newContext(options);
  const asked: string[] = [];
  context.on('request', (request) => asked.push(request.url()));
  return { context, asked };
}

/** Opens GraphiQL. Fails the test if the page throws, or if it does what its Content-Security-Policy forbids. */
async function openPage(context: BrowserContext, url: string): Promise<Page> {
  const page = await context.newPage();
  const failures: string[] = [];
  page.on('pageerror', (error) => failures.push(String(error)));
  page.on('console', (line) => {
    if (/Content Security Policy/i.test(line.text())) failures.push(line.text());
  });
  onTestFinished(() => expect(failures).toEqual([]));
  await page.goto(url);
  await page.getByRole('button', { name: 'Ada gets a token' }).waitFor();
  return page;
}

async function press(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name, exact: true }).click();
}

/** Presses buttons of the walk, each after the answer to the one before. */
async function walkOn(page: Page, buttons: readonly string[]): Promise<void> {
  for (const name of buttons) {
    const answer = page.waitForResponse((response) => response.request().method() === 'POST');
    await press(page, name);
    await answer;
    await page.locator('.walk .done', { hasText: name }).waitFor();
  }
}

async function run(page: Page): Promise<void> {
  await page.locator('.graphiql-execute-button').click();
}

async function goTo(page: Page, tab: string): Promise<void> {
  await page.getByRole('tab', { name: tab }).getByRole('button', { name: tab }).click();
  await page.locator('.graphiql-tab-active', { hasText: tab }).waitFor();
}

async function shows(page: Page, ...texts: string[]): Promise<void> {
  for (const text of texts) await page.locator('.result-window', { hasText: text }).waitFor();
}

/** The titles of the lines in a peer's list, from the first to the last. */
async function listOf(page: Page, peer: 'Ada' | 'Ben'): Promise<string[]> {
  const titles = await messagesOf(page, peer).locator('strong').allTextContents();
  return titles.reverse();
}

function messagesOf(page: Page, peer: 'Ada' | 'Ben'): Locator {
  return page.getByRole('region', { name: `${peer}’s messages` }).getByRole('listitem');
}

/** The first request builds the page, which takes some seconds on a busy machine. */
const timeout = 60_000;

describe('GraphiQL, in a browser', () => {
  it('the walk runs from top to bottom by clicks alone, with two peers in one window, and asks no other server', {
    timeout,
  }, async () => {
    const { url, port } = await serveSignalbox();
    const { context, asked } = await openBrowser();
    const page = await openPage(context, url);
    await walkOn(page, walk);
    await expect.poll(() => listOf(page, 'Ada')).toEqual(['Connected', 'PeerAdded', 'Signal', 'PeerRemoved']);
    await expect.poll(() => listOf(page, 'Ben')).toEqual(['Connected', 'PeerAdded', 'Signal', 'Signal']);
    await messagesOf(page, 'Ben').filter({ hasText: '"offer":true' }).waitFor();
    await messagesOf(page, 'Ada').filter({ hasText: '“offer” from Ben.' }).waitFor();
    await messagesOf(page, 'Ben').filter({ hasText: '“answer” from Ada.' }).waitFor();
    await shows(page, '"leaveRoom": true');
    const outside = asked.filter((address) => !address.startsWith(`http://127.0.0.1:${port}/`));
    expect(outside).toEqual([]);
  });

  it('the icons have the labels that GraphiQL gives them', { timeout }, async () => {
    const { url } = await serveSignalbox();
    const { context } = await openBrowser();
    const page = await openPage(context, url);
    const labels = await page.locator('.graphiql-sidebar svg title').allTextContents();
    expect(labels).toEqual(expect.arrayContaining(['docs icon', 'settings icon']));
  });

  it('the token of `access` goes with the requests of every tab, and a stream goes on while another tab is open', {
    timeout,
  }, async () => {
    const { url } = await serveSignalbox();
    const { context } = await openBrowser();
    const page = await openPage(context, url);
    await run(page);
    await shows(page, '"username": "Ada"');
    await goTo(page, 'Messages');
    await run(page);
    await shows(page, '"Connected"', '"resumed": false');
    await goTo(page, 'JoinRoom');
    await run(page);
    await shows(page, '"colour": "green"');
    const roomId = /walk-\w+/.exec((await page.locator('.result-window').textContent()) ?? '')?.[0];

    const bob = await connect(url, 'bob');
    const mutation = `mutation ($roomId: ID!) { joinRoom(roomId: $roomId) { id }
      one: broadcast(roomId: $roomId, event: "one") { cursor }
      two: broadcast(roomId: $roomId, event: "two") { cursor } }`;
    await post(url, { query: mutation, variables: { roomId } }, bob);
    await expect.poll(() => listOf(page, 'Ada')).toEqual(['Connected', 'PeerAdded', 'Signal', 'Signal']);
    await messagesOf(page, 'Ada').filter({ hasText: '“two” from bob.' }).waitFor();
    expect(await messagesOf(page, 'Ada').first().textContent()).toContain('“two”');
    await page.getByRole('button', { name: 'Close Ada’s stream' }).click();
    await expect.poll(() => listOf(page, 'Ada').then((titles) => titles.at(-1))).toBe('Closed');
  });

  it('tabs that another GraphiQL at the same address has kept do not appear, and its own tabs come back after a reload', {
    timeout,
  }, async () => {
    const { url } = await serveSignalbox();
    const { context } = await openBrowser();
    const other = { id: '1', hash: null, title: 'Other', query: '{ other }', variables: null, headers: null };
    const kept = JSON.stringify({
      activeTabIndex: 0,
      tabs: [{ ...other, operationName: null, response: null }],
    });
    await context.addInitScript((text) => localStorage.setItem('graphiql:tabState', text), kept);
    const page = await openPage(context, url);
    await goTo(page, 'JoinRoom');
    expect(await page.getByRole('tab').count()).toBe(6);
    // GraphiQL keeps a change a moment later.
    await page.waitForFunction(() =>
      localStorage['signalbox:graphiql:tabState']?.includes('"activeTabIndex":2'),
    );
    await page.reload();
    await page.locator('.graphiql-tab-active', { hasText: 'JoinRoom' }).waitFor();
    expect(await page.getByText('Other', { exact: true }).count()).toBe(0);
  });

  it('each of the two peers has its own token, and the buttons beside the run button choose who sends', {
    timeout,
  }, async () => {
    const { url } = await serveSignalbox();
    const { context } = await openBrowser();
    const page = await openPage(context, url);
    await walkOn(page, walk.slice(0, 2));
    await press(page, 'New tab');
    await page.locator('.graphiql-query-editor .CodeMirror').click();
    await page.keyboard.press('ControlOrMeta+a');
    await page.keyboard.insertText('query Who { me { username } }');
    await run(page);
    await shows(page, '"username": "Ben"');
    await press(page, 'Send as Ada');
    await run(page);
    await shows(page, '"username": "Ada"');
  });

  it('after a lost connection the stream resumes from its last message, and the list misses none', {
    timeout,
  }, async () => {
    const { url, http } = await serveSignalbox();
    const { context } = await openBrowser();
    const page = await openPage(context, url);
    await walkOn(page, walk.slice(0, 6));
    await messagesOf(page, 'Ada').filter({ hasText: 'PeerAdded' }).waitFor();
    http.server.closeAllConnections();
    await messagesOf(page, 'Ada').filter({ hasText: 'Connection lost' }).waitFor();
    await walkOn(page, ['Ben sends an offer']);
    await expect
      .poll(() => listOf(page, 'Ada'))
      .toEqual(['Connected', 'PeerAdded', 'Connection lost', 'Connected', 'Signal']);
    await messagesOf(page, 'Ada').filter({ hasText: 'resumed: true' }).waitFor();
  });

  it('a stream that is refused shows the error, and is not asked for again', { timeout }, async () => {
    const { url } = await serveSignalbox();
    const { context, asked } = await openBrowser();
    const page = await openPage(context, url);
    await goTo(page, 'Messages');
    const before = asked.length;
    await run(page);
    await shows(page, 'UNAUTHENTICATED');
    await expect.poll(() => listOf(page, 'Ada')).toEqual(['Error', 'Complete']);
    expect(asked.length).toBe(before + 1);
  });

  it('the menus, the settings and the completion of fields work under the strict policy', {
    timeout,
  }, async () => {
    const { url } = await serveSignalbox();
    const { context } = await openBrowser();
    const page = await openPage(context, url);
    await press(page, 'New tab');
    await page.locator('.graphiql-query-editor .CodeMirror').click();
    await page.keyboard.press('ControlOrMeta+a');
    await page.keyboard.type('query One { me { usern');
    await page.locator('.CodeMirror-hints', { hasText: 'username' }).waitFor();
    await page.keyboard.press('Enter');
    await page.keyboard.press('ControlOrMeta+a');
    await page.keyboard.insertText('query One { __typename } query Two { __typename }');
    await page.locator('.graphiql-execute-button[aria-haspopup="menu"]').click();
    await page.getByRole('menuitem', { name: 'Two' }).click();
    await shows(page, '"__typename": "Query"');
    await press(page, 'Open settings dialog');
    await page.getByRole('dialog').getByText('Clear storage').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
  });

  it('the first page of the documentation explains the API in five steps', { timeout }, async () => {
    const { url } = await serveSignalbox();
    const { context } = await openBrowser();
    const page = await openPage(context, url);
    await press(page, 'Show Documentation Explorer');
    const steps = page.locator('.graphiql-plugin ol').getByRole('listitem');
    await steps.first().waitFor();
    expect(await steps.count()).toBe(5);
    expect(await steps.allTextContents()).toEqual([
      expect.stringContaining('access'),
      expect.stringContaining('messages'),
      expect.stringContaining('joinRoom'),
      expect.stringContaining('relay'),
      expect.stringContaining('messages(after:)'),
    ]);
  });

  it('on a phone of 390 px, the walk runs, and neither the walk nor the editors are wider than the screen', {
    timeout,
  }, async () => {
    const { url } = await serveSignalbox();
    const viewport = { width: 390, height: 844 };
    const { context } = await openBrowser({ viewport, hasTouch: true, isMobile: true });
    const page = await openPage(context, url);
    const widest = () => page.evaluate(() => document.documentElement.scrollWidth);
    expect(await widest()).toBe(390);
    await walkOn(page, walk.slice(0, 6));
    await messagesOf(page, 'Ada').filter({ hasText: 'Ben has joined' }).waitFor();
    await page.getByRole('button', { name: 'Hide Walk' }).tap();
    await page.locator('.graphiql-execute-button').tap();
    await shows(page, '"joinRoom"');
    for (const part of [
      '.graphiql-execute-button',
      '.graphiql-query-editor',
      '.result-window',
      '.peer-messages',
    ]) {
      const box = await page.locator(part).first().boundingBox();
      expect(box && box.x >= 0 && box.x + box.width <= 390, part).toBe(true);
    }
    expect(await widest()).toBe(390);
  });

  it('GraphiQL calls the API below BASE_PATH, also if a browser comes from the start page', {
    timeout,
  }, async () => {
    const { port } = await serveSignalbox({ basePath: '/signal' });
    const { context } = await openBrowser();
    const start = await context.newPage();
    await start.goto(`http://127.0.0.1:${port}/signal`);
    const link = await start.getByRole('link', { name: 'GraphiQL' }).getAttribute('href');
    const page = await openPage(context, new URL(link ?? '', start.url()).href);
    expect(new URL(page.url()).pathname).toBe('/signal/graphql');
    await run(page);
    await shows(page, '"username": "Ada"');
  });
});

/** Opens a stream for another peer, without a browser. Returns the headers for its calls. */
async function connect(url: string, username: string): Promise<{ Authorization: string }> {
  const { body } = await post(url, { query: `mutation { access(username: "${username}") { token } }` });
  const { token } = (body.data as { access: { token: string } }).access;
  const stream = await fetch(`${url}?query=subscription{messages{cursor}}&access_token=${token}`, {
    headers: { Accept: 'text/event-stream' },
  });
  onTestFinished(() => stream.body?.cancel());
  return { Authorization: `Bearer ${token}` };
}
