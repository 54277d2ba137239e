import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import type { Message } from '../../support/client.ts';
import { bundle } from './bundle.ts';

declare global {
  interface Window {
    /** What the documented code gave to `console.log`. */
    readonly got: readonly unknown[];
    /** What the documented `main.js` exports. */
    readonly page: { send(event: string, data: unknown): Promise<unknown> };
  }
}

/** The documented code of one client, as it runs. */
export interface Client extends AsyncDisposable {
  readonly name: string;
  /** The messages that the code was given, in order. */
  messages(): Promise<readonly Message[]>;
  /** Sends a message to the room by the documented function. Resolves when it was answered. */
  send(event: string, data: unknown): Promise<void>;
  /** The lists that the page shows, if its code has a part for React. */
  lists(): Promise<readonly (readonly string[])[]>;
  /** What went wrong, for the report of a test. */
  complaints(): readonly string[];
}

/** A server for the bundled pages. It has another origin than the nodes, like that of an application. */
export async function servePages(names: readonly string[], api: string): Promise<Server> {
  const files = await bundle(names, api);
  const server = createServer((req, res) => {
    const name = (req.url ?? '').slice(1);
    const script = files.get(name);
    if (script !== undefined) res.setHeader('Content-Type', 'text/javascript').end(script);
    else if (files.has(`${name}.js`)) {
      const html = `<!doctype html><meta charset="utf-8"><div id="root"></div><script type="module" src="/${name}.js"></script>`;
      res.setHeader('Content-Type', 'text/html').end(html);
    } else res.writeHead(404).end();
  });
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  return server;
}

/** Opens the page of one client, in a browser context of its own: over HTTP/1.1, contexts share no connections. */
export async function visit(browser: Browser, pages: Server, name: string): Promise<Client> {
  // The certificates of the tests are their own authorities.
  const context = await browser.newContext({ ignoreHTTPSErrors: true });
  const page: Page = await context.newPage();
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(`${error}`));
  page.on('console', (line) => {
    // Chromium reports each connection that fails. The tests break them.
    if (line.type() === 'error' && !line.text().startsWith('Failed to load')) complaints.push(line.text());
  });
  await page.addInitScript(() => {
    const got: unknown[] = [];
    Object.assign(window, { got });
    console.log = (value: unknown) => void got.push(structuredClone(value));
  });
  await page.goto(`http://127.0.0.1:${(pages.address() as AddressInfo).port}/${name}`);
  return {
    name,
    messages: async () => (await page.evaluate(() => window.got)) as Message[],
    send: async (event, data) => {
      await page.evaluate(async ([a, b]) => void (await window.page.send(a, b)), [event, data] as const);
    },
    lists: () =>
      page.evaluate(() =>
        [...document.querySelectorAll('ol')].map((list) =>
          [...list.querySelectorAll('li')].map(({ textContent }) => textContent ?? ''),
        ),
      ),
    complaints: () => complaints,
    [Symbol.asyncDispose]: () => context.close(),
  };
}
