import type { BrowserContext, Page } from 'playwright-core';
import { describe, expect, it, onTestFinished } from 'vitest';
import { post, serveSignalbox } from '../http/support.ts';
import { launchChromium } from '../support/chromium.ts';

/** Opens a new browser. `asked` collects the URL of every request that its pages make. */
async function openBrowser(): Promise<{ context: BrowserContext; asked: string[] }> {
  const browser = await launchChromium();
  onTestFinished(() => browser.close());
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  const asked: string[] = [];
  context.on('request', (request) => asked.push(request.url()));
  return { context, asked };
}

async function openPage(context: BrowserContext, url: string): Promise<Page> {
  const page = await context.newPage();
  const failures: Error[] = [];
  page.on('pageerror', (error) => failures.push(error));
  onTestFinished(() => expect(failures).toEqual([]));
  await page.goto(url);
  await page.locator('.graphiql-execute-button').waitFor();
  return page;
}

async function run(page: Page): Promise<void> {
  await page.locator('.graphiql-execute-button').click();
}

async function goTo(page: Page, tab: string): Promise<void> {
  await page.getByRole('tab', { name: tab }).getByRole('button', { name: tab }).click();
  await page.locator('.graphiql-tab-active', { hasText: tab }).waitFor();
}

/**
 * Replaces the word TOKEN by the token, with the keys that a person would use. It does not click on the word: the
 * editor redraws the line to colour it, and the word moves.
 */
async function putToken(page: Page, token: string): Promise<void> {
  const line = page.getByRole('region', { name: 'Headers' }).locator('.view-line', { hasText: 'TOKEN' });
  await line.click();
  for (const key of ['End', 'ArrowLeft', 'ControlOrMeta+Shift+ArrowLeft']) await page.keyboard.press(key);
  await page.keyboard.insertText(token);
  await line.waitFor({ state: 'detached' });
}

async function shows(page: Page, ...texts: string[]): Promise<void> {
  for (const text of texts) await page.locator('.result-window', { hasText: text }).waitFor();
}

/** The page has 9 MB, and a slow machine renders it without a graphics card. */
const timeout = 120_000;

describe('GraphiQL, in a browser', () => {
  it('GraphiQL’s tabs lead through the API: a token, messages, a room, and another peer there', {
    timeout,
  }, async () => {
    const { url } = await serveSignalbox();
    const { context, asked } = await openBrowser();

    const listening = await openPage(context, url);
    const answer = listening.waitForResponse((response) =>
      Boolean(response.request().postData()?.includes('access(')),
    );
    await run(listening);
    const { token } = (await (await answer).json()).data.access;
    await shows(listening, '"username": "ada"');

    await goTo(listening, 'Messages');
    await putToken(listening, token);
    const subscription = listening.waitForRequest(
      (request) => request.headers().accept === 'text/event-stream',
    );
    await run(listening);
    expect((await subscription).headers().authorization).toBe(`Bearer ${token}`);
    await shows(listening, '"Connected"', '"resumed": false');

    const acting = await openPage(context, url);
    await goTo(acting, 'JoinRoom');
    await putToken(acting, token);
    await run(acting);
    await shows(acting, '"id": "lobby"', '"colour": "green"');

    const bob = await connect(url, 'bob');
    await post(url, { query: 'mutation { joinRoom(roomId: "lobby") { id } }' }, bob);
    await shows(listening, '"PeerAdded"', '"offer": false', '"username": "bob"');

    const outside = asked.filter((address) => !/^(blob|data):/.test(address) && !address.startsWith(url));
    expect(outside).toEqual([]);
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
    await shows(page, '"username": "ada"');
  });

  it('GraphiQL’s page is compressed if the browser accepts it, and answered with 304 if it has not changed', async () => {
    const { url } = await serveSignalbox();
    const headers = { Accept: 'text/html', 'Accept-Encoding': 'gzip' };
    const first = await fetch(url, { headers });
    expect(first.headers.get('content-encoding')).toBe('gzip');
    expect(first.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(await first.text()).toMatch(/^<!doctype html>[\s\S]*<title>Signalbox<\/title>/);
    const etag = first.headers.get('etag') ?? '';
    const again = await fetch(url, { headers: { ...headers, 'If-None-Match': etag } });
    expect(again.status).toBe(304);
    const plain = await fetch(url, { headers: { ...headers, 'Accept-Encoding': 'identity' } });
    expect(plain.headers.has('content-encoding')).toBe(false);
    expect(await plain.text()).toMatch(/^<!doctype html>/);
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
