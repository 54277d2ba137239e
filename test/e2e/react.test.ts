import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright-core';
import { build, type Rollup } from 'vite';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { heardIn, open } from '../client/support.ts';
import { serveSignalbox } from '../http/support.ts';
import { launchChromium } from '../support/chromium.ts';

const soon = { timeout: 15_000 };

let browser: Browser;
let script: string;
beforeAll(async () => {
  browser = await launchChromium();
  const built = (await build({
    configFile: false,
    logLevel: 'error',
    mode: 'development',
    define: { 'process.env.NODE_ENV': '"development"' },
    build: {
      write: false,
      minify: false,
      rollupOptions: { input: fileURLToPath(new URL('react-page.ts', import.meta.url)) },
    },
  })) as Rollup.RollupOutput;
  script = built.output[0].code;
}, 60_000);
afterAll(() => browser.close());

/** Serves the page at another origin than the server. */
async function openPage(api: string) {
  const html = '<!doctype html><div id="root"></div><script type="module" src="/page.js"></script>';
  const server = createServer((req, res) => {
    const isScript = req.url === '/page.js';
    res.setHeader('Content-Type', isScript ? 'text/javascript' : 'text/html');
    res.end(isScript ? script : html);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const page = await (await browser.newContext()).newPage();
  const faults: string[] = [];
  page.on('pageerror', ({ message }) => faults.push(message));
  page.on('console', (line) => {
    if (line.type() === 'error' && !line.text().includes('net::ERR_')) faults.push(line.text());
  });
  onTestFinished(async () => {
    await page.context().close();
    expect(faults).toEqual([]);
  });
  const { port } = server.address() as AddressInfo;
  await page.goto(`http://127.0.0.1:${port}/?url=${encodeURIComponent(api)}`);
  return page;
}

test('useRoom: under StrictMode and in two components, the client enters the room once, and leaves with the last', {
  timeout: 60_000,
}, async () => {
  const { url, http } = await serveSignalbox();
  const ben = await open(url, { username: 'ben' });
  const room = await ben.join('lobby', { state: 'his' });
  const heard = heardIn(room);
  const seen: string[] = [];
  room.on('peer', ({ username, state }) => seen.push(`${username} ${JSON.stringify(state)} is here`));
  room.on('state', ({ username, state }) => seen.push(`${username} ${JSON.stringify(state)}`));
  room.on('left', ({ username }, reason) => seen.push(`${username} ${reason}`));

  // It comes at the very moment in which the components learn of the room.
  room.on('peer', ({ id }) => room.relay(id, 'chat', 'welcome'));

  const page = await openPage(url);
  const [one, two] = [page.locator('#one'), page.locator('#two')];
  await expect.poll(() => one.innerText(), soon).toContain('connected fine [ben="his"] heard');
  await expect.poll(() => two.innerText(), soon).toContain('connected fine [ben="his"] heard');
  expect(seen).toEqual(['rita "first" is here']);

  // Each component hears each message once, and sends once.
  await room.broadcast('chat', 'hello');
  await expect.poll(() => one.innerText(), soon).toContain('heard welcome,hello');
  await expect.poll(() => two.innerText(), soon).toContain('heard welcome,hello');
  expect(await one.innerText()).not.toContain('hello,hello');
  await two.getByRole('button').click();
  await expect.poll(() => heard, soon).toEqual(['rita: chat "two"']);

  await page.locator('#state').click();
  await expect.poll(() => seen, soon).toEqual(['rita "first" is here', 'rita "second"']);
  await room.setState('new');
  await expect.poll(() => two.innerText(), soon).toContain('[ben="new"]');

  // A lost connection is no change for the room.
  http.server.closeAllConnections();
  await expect.poll(() => two.innerText(), soon).toContain('resumed fine [ben="new"]');
  await page.locator('#toggle-one').click();
  await one.waitFor({ state: 'detached' });
  await room.broadcast('chat', 'still');
  await expect.poll(() => two.innerText(), soon).toContain('heard welcome,hello,still');
  expect(seen).toHaveLength(2);
  await page.locator('#toggle-two').click();
  await expect.poll(() => seen.at(-1), soon).toBe('rita LEFT');
  await page.locator('#toggle-two').click();
  await expect.poll(() => seen.at(-1), soon).toBe('rita "second" is here');
  await expect.poll(() => two.innerText(), soon).toContain('[ben="new"]');
  // Nothing makes the components render without end.
  expect(await page.evaluate(() => (window as unknown as { renders(): number }).renders())).toBeLessThan(100);
});

test('useRoom: a room that cannot be entered is an error that the component sees', {
  timeout: 60_000,
}, async () => {
  const { url, tokenFor } = await serveSignalbox();
  for (let n = 0; n < 10; n++) {
    const token = await tokenFor(`peer ${n}`);
    await (await open(url, { token: () => token })).join('lobby');
  }
  const page = await openPage(url);
  await expect.poll(() => page.locator('#one').innerText(), soon).toContain('ROOM_FULL');
  await expect.poll(() => page.locator('#two').innerText(), soon).toContain('ROOM_FULL');
});
