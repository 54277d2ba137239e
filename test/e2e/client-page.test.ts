import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { meets, open } from '../client/support.ts';
import { serveSignalbox } from '../http/support.ts';
import { launchChromium } from '../support/chromium.ts';

test('a page that is closed, reloaded or left for another leaves its rooms at once', {
  timeout: 60_000,
}, async () => {
  const { url } = await serveSignalbox();
  const server = new URL(url).origin;
  const html = `<!doctype html><script type="module">
    import { Box } from '${server}/client.js';
    const box = await new Box(['${server}'], { username: 'ada' }).connect();
    await box.join('lobby');
  </script>`;
  const pages = createServer((_req, res) => res.writeHead(200, { 'Content-Type': 'text/html' }).end(html));
  pages.listen(0, '127.0.0.1');
  await once(pages, 'listening');
  onTestFinished(() => void pages.close());
  const browser = await launchChromium();
  onTestFinished(() => browser.close());
  const page = await (await browser.newContext()).newPage();

  const ben = await open(url, { username: 'ben' });
  const room = await ben.join('lobby');
  const reasons: string[] = [];
  room.on('left', (_peer, reason) => reasons.push(reason));
  const address = `http://127.0.0.1:${(pages.address() as AddressInfo).port}/`;
  const left = [
    () => page.reload(),
    () => page.goto('about:blank'),
    () => page.close({ runBeforeUnload: true }),
  ];
  for (const [n, leave] of left.entries()) {
    if (n !== 1) await page.goto(address);
    await meets(room, 'ada');
    const since = performance.now();
    await leave();
    await expect.poll(() => reasons.length).toBe(n + 1);
    // The grace period is 5 seconds.
    expect(performance.now() - since).toBeLessThan(4000);
  }
  expect(reasons).toEqual(['LEFT', 'LEFT', 'LEFT']);
});
