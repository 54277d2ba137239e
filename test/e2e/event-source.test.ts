import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Page } from 'playwright-core';
import { expect, it, onTestFinished } from 'vitest';
import { SignalboxError } from '../../src/errors.ts';
import { toPublicError } from '../../src/graphql/errors.ts';
import { cut, serve, serveSignalbox, silent, TestResults } from '../http/support.ts';
import { launchChromium } from '../support/chromium.ts';

const timeout = 60_000;

/** A page of another origin than the API. It has no script. */
async function openPage(): Promise<Page> {
  const server = createServer((_req, res) => res.setHeader('Content-Type', 'text/html').end('<p>'));
  server.listen(0, '127.0.0.1');
  const browser = await launchChromium();
  onTestFinished(async () => {
    await browser.close();
    server.close();
  });
  const page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  return page;
}

/** Opens an EventSource in the page. Resolves to what it got until `complete`, or until it gave up. */
function follow(page: Page, url: string): Promise<string[]> {
  return page.evaluate(
    (address) =>
      new Promise((resolve) => {
        const got: string[] = [];
        const source = new EventSource(address);
        source.addEventListener('next', ({ data }) => got.push(data));
        source.addEventListener('complete', () => {
          source.close();
          resolve([...got, 'complete']);
        });
        source.addEventListener('error', () => {
          got.push('error');
          if (source.readyState === EventSource.CLOSED) resolve([...got, 'gave up']);
        });
      }),
    `${url}?query=${encodeURIComponent('subscription { messages { cursor } }')}`,
  );
}

it('G3: an EventSource comes back by itself after a cut and after UNAVAILABLE, and ends only at `complete`', {
  timeout,
}, async () => {
  const page = await openPage();
  let runs = 0;
  const { url } = await serve({
    run: async () => {
      runs++;
      if (runs === 2) return { errors: [toPublicError(new SignalboxError('UNAVAILABLE'), silent)] };
      const results = new TestResults();
      results.give({ data: { runs } });
      if (runs === 1) results.fail(cut());
      else results.end();
      return results;
    },
  });
  expect(await follow(page, url)).toEqual([
    '{"data":{"runs":1}}',
    'error',
    'error',
    '{"data":{"runs":3}}',
    'complete',
  ]);
});

it('an EventSource without a valid token sees the error UNAUTHENTICATED, and `complete`', {
  timeout,
}, async () => {
  const page = await openPage();
  const { url } = await serveSignalbox();
  const [error = '', ...rest] = await follow(page, url);
  expect(JSON.parse(error)).toMatchObject({ errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] });
  expect(rest).toEqual(['complete']);
});
