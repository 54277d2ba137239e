import { once } from 'node:events';
import { globSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { connect, type Peer } from '../../src/client/index.ts';
import { launchChromium } from '../support/chromium.ts';
import { NodeProcess, startNode } from '../support/node.ts';
import { close, soon } from './drawing-checks.ts';
import { stroke, watch } from './drawing-page.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const timeout = 60_000;

let browser: Browser;
let node: NodeProcess;
let pages: Server;

beforeAll(async () => {
  [browser, node] = await Promise.all([
    launchChromium([
      '--use-fake-device-for-media-stream',
      '--use-fake-ui-for-media-stream',
      '--autoplay-policy=no-user-gesture-required',
      '--disable-features=WebRtcHideLocalIpsWithMdns',
      '--allow-loopback-in-peer-connection',
    ]),
    startNode(),
  ]);
  // The pages have another origin than the node, as if they were opened as files.
  pages = createServer(({ url = '' }, res) => {
    if (!url.endsWith('.html')) return void res.writeHead(204).end();
    const html = readFileSync(`${root}examples${url}`, 'utf8');
    res.writeHead(200, { 'Content-Type': 'text/html' });
    res.end(html.replaceAll('http://localhost:4000', node.url));
  });
  pages.listen(0, '127.0.0.1');
  await once(pages, 'listening');
}, 60_000);
afterAll(async () => {
  await browser.close();
  pages.close();
  await node[Symbol.asyncDispose]();
});

async function open(name: string): Promise<Page> {
  const page = await (await browser.newContext({ viewport: { width: 390, height: 844 } })).newPage();
  watch(page, name);
  await page.goto(`http://127.0.0.1:${(pages.address() as AddressInfo).port}/${name}`);
  return page;
}

async function enter(page: Page, name: string, button: string): Promise<void> {
  await page.getByLabel('Your name').fill(name);
  await page.getByRole('button', { name: button, exact: true }).click();
  await page.getByLabel('Your name').waitFor({ state: 'hidden' });
}

async function say(page: Page, text: string): Promise<void> {
  await page.getByLabel('Message').fill(text);
  await page.getByRole('button', { name: 'Send' }).click();
}

test('each example has less than 150 lines, and is in the list', () => {
  const list = readFileSync(`${root}examples/README.md`, 'utf8');
  const files = globSync('*.{html,js}', { cwd: `${root}examples` });
  expect(files.length).toBe(4);
  for (const file of files) {
    expect(list).toContain(`[${file}](${file})`);
    expect(readFileSync(`${root}examples/${file}`, 'utf8').split('\n').length).toBeLessThan(150);
  }
});

test('chat.html: two people write to one another, and bot.js answers', { timeout }, async () => {
  // In a checkout, the package is not in node_modules.
  const client = new URL('../../src/client/index.ts', import.meta.url).href;
  const hook = `import { registerHooks } from 'node:module';
    registerHooks({ resolve: (name, context, next) =>
      name === 'signalbox/client' ? { url: '${client}', shortCircuit: true } : next(name, context) });`;
  await using bot = new NodeProcess({
    command: [
      process.execPath,
      '--import',
      `data:text/javascript,${encodeURIComponent(hook)}`,
      `${root}examples/bot.js`,
    ],
    env: { SIGNALBOX_URL: node.url },
  });
  await expect.poll(() => bot.output(), soon).toContain('in the room chat');
  const ada = await open('chat.html');
  await enter(ada, 'Ada', 'Enter');
  await ada.getByText('Bot: Welcome, Ada! Say !help.').waitFor();
  const ben = await open('chat.html');
  await enter(ben, 'Ben', 'Enter');
  await ada.getByText('Ben has come.').waitFor();
  await say(ada, 'Hello <b>Ben</b>');
  await ben.getByText('Ada: Hello <b>Ben</b>').waitFor();
  await say(ben, '!echo ahoy');
  await ada.getByText('Bot: ahoy').waitFor();
  expect(await ada.locator('#here').innerText()).toBe('Bot, Ben');
  await close(ben);
  await ada.getByText('Ben has left.').waitFor();
  await bot.kill('SIGTERM');
  await ada.getByText('Bot has left.').waitFor();
  expect(bot.stderr).toBe('');
  await close(ada);
});

test('call.html: two people see and hear one another, and one is seen to be muted', { timeout }, async () => {
  const ada = await open('call.html');
  await enter(ada, 'Ada', 'Call');
  const ben = await open('call.html');
  await enter(ben, 'Ben', 'Call');
  for (const page of [ada, ben]) {
    const video = page.locator('figure:not(.own) video');
    const tracks = () =>
      video.evaluate((element: HTMLVideoElement) => {
        const stream = element.srcObject as MediaStream | null;
        const kinds = stream?.getTracks().map(({ kind }) => kind) ?? [];
        // A picture that moves.
        return element.videoWidth > 0 && element.currentTime > 0.1 ? kinds.sort() : [];
      });
    await expect.poll(tracks, soon).toEqual(['audio', 'video']);
  }
  await ada.getByRole('button', { name: 'Mute' }).click();
  await ben.getByText('Ada, muted').waitFor();
  await ben.getByRole('button', { name: 'Leave' }).click();
  await ada.locator('figure:not(.own)').waitFor({ state: 'detached' });
  await close(ada, ben);
});

test('draw.html: two people draw the same, and a newcomer gets it', { timeout }, async () => {
  const [ada, ben] = [await open('draw.html'), await open('draw.html')];
  for (const page of [ada, ben])
    await expect.poll(() => page.locator('#here').innerText()).toContain('guest');
  const pixels = (page: Page) =>
    page.locator('#board').evaluate((board: HTMLCanvasElement) => board.toDataURL());
  const empty = await pixels(ada);
  await stroke(ada, [0.1, 0.1], [0.5, 0.6], [0.8, 0.2]);
  await stroke(ben, [0.2, 0.8], [0.7, 0.4]);
  await expect.poll(async () => (await pixels(ada)) === (await pixels(ben)), soon).toBe(true);
  const drawn = await pixels(ada);
  expect(drawn === empty).toBe(false);
  const cas = await open('draw.html');
  await expect.poll(async () => (await pixels(cas)) === drawn, soon).toBe(true);
  await ben.getByRole('button', { name: 'Undo' }).click();
  await expect.poll(async () => (await pixels(cas)) === drawn, soon).toBe(false);
  await expect.poll(async () => (await pixels(cas)) === (await pixels(ada)), soon).toBe(true);
  await close(ada, ben, cas);
});

test('G8: draw.html keeps the last 500 strokes of a peer that sends strokes without end', {
  timeout,
}, async () => {
  const ada = await open('draw.html#full');
  const eve = await connect(node.url, { username: 'eve' });
  onTestFinished(() => eve.close());
  const room = await eve.join('draw#full');
  const channel = (await new Promise<Peer>((resolve) => room.on('peer', resolve))).channel('drawing');
  // The first 100 strokes lie at the left, the others at the right.
  for (let n = 0; n < 600; n++) {
    const id = `${Date.now()} eve ${String(n).padStart(3, '0')}`;
    const x = n < 100 ? 0.25 : 0.75;
    channel.send({ id, colour: '#000000', at: 0, points: [x, 0.5], undone: false });
  }
  const inkAt = (x: number) =>
    ada.locator('#board').evaluate((board, at) => {
      const { width, height } = board as HTMLCanvasElement;
      const context = (board as HTMLCanvasElement).getContext('2d');
      return context?.getImageData(at * width, height / 2, 1, 1).data[3];
    }, x);
  await expect.poll(async () => [await inkAt(0.25), await inkAt(0.75)], soon).toEqual([0, 255]);
  await close(ada);
});
