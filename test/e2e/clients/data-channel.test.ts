import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { launchChromium } from '../../support/chromium.ts';
import { startNode } from '../../support/node.ts';
import { blocksOf } from './documented.ts';
import { openAs, say } from './two-windows.ts';

test('the page of the index that needs no client opens a data channel between two windows', async () => {
  await using node = await startNode();
  const html = blocksOf('README').find(({ code }) => code.includes('new EventSource'))?.code ?? '';
  const pages = createServer((_req, res) =>
    res.setHeader('Content-Type', 'text/html').end(html.replaceAll('http://localhost:4000', node.url)),
  );
  pages.listen(0, '127.0.0.1');
  await once(pages, 'listening');
  onTestFinished(() => void pages.close());
  const browser = await launchChromium();
  onTestFinished(() => browser.close());
  const address = `http://127.0.0.1:${(pages.address() as AddressInfo).port}/`;
  const [ada, ben] = [await openAs(browser, 'ada', address), await openAs(browser, 'ben', address)];
  await ada.getByText('ben is connected.').waitFor();
  await ben.getByText('ada is connected.').waitFor();
  await say(ada, 'Hello');
  await ben.getByText('ada: Hello').waitFor();
  expect(await ada.getByText('You: Hello').count()).toBe(1);
}, 60_000);
