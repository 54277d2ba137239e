import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { build, type Rollup } from 'vite';
import { expect, onTestFinished, test } from 'vitest';
import { serve, TestResults } from '../../http/support.ts';
import { launchChromium } from '../../support/chromium.ts';
import { expectWarning } from './warnings.ts';

test('urql: an effect misses messages that come together, and the handler gets each', {
  timeout: 60_000,
}, async () => {
  expectWarning('urql', '`data` in an effect misses messages.');
  const results = new TestResults();
  const { url } = await serve({ run: async () => results });
  const [{ output }] = (await Promise.all([
    build({
      configFile: false,
      logLevel: 'error',
      define: { 'process.env.NODE_ENV': '"production"' },
      build: {
        write: false,
        rollupOptions: { input: fileURLToPath(new URL('urql-effect-page.ts', import.meta.url)) },
      },
    }),
  ])) as [Rollup.RollupOutput];
  const html = '<!doctype html><div id="root"></div><script type="module" src="/page.js"></script>';
  const pages = createServer((req, res) => {
    const isScript = req.url === '/page.js';
    res.setHeader('Content-Type', isScript ? 'text/javascript' : 'text/html');
    res.end(isScript ? output[0].code : html);
  });
  pages.listen(0, '127.0.0.1');
  await once(pages, 'listening');
  onTestFinished(() => void pages.close());
  const browser = await launchChromium();
  onTestFinished(() => browser.close());
  const page = await browser.newPage();
  await page.goto(
    `http://127.0.0.1:${(pages.address() as AddressInfo).port}/?url=${encodeURIComponent(url)}`,
  );
  results.give({ data: { messages: { cursor: '1' } } });
  await page.locator('#handler', { hasText: /^1$/ }).waitFor();

  // They travel together, and React renders once.
  results.give(...['2', '3', '4'].map((cursor) => ({ data: { messages: { cursor } } })));
  await page.locator('#handler', { hasText: /^1 2 3 4$/ }).waitFor();
  await page.locator('#effect', { hasText: /4$/ }).waitFor();
  expect(await page.locator('#effect').innerText()).not.toBe('1 2 3 4');
});
