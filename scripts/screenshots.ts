/**
 * Makes the pictures of README and docs: each page at two widths, light and dark, from a node and a Chromium of its
 * own. Takes about a minute.
 */
import { mkdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { BrowserContextOptions } from 'playwright-core';
import { launchChromium } from '../test/support/chromium.ts';
import { startNode } from '../test/support/node.ts';
import { readFlags } from './flags.ts';
import { drawByThree } from './scenes/draw.ts';
import { walkInGraphiQL } from './scenes/graphiql.ts';
import type { Scene } from './scenes/scene.ts';
import { meetOnStartPage } from './scenes/start.ts';

const help = `Makes the pictures of README and docs.

  npm run screenshots
  npm run screenshots -- --only draw --out /tmp/pictures

  --only NAME  the pictures of one page: draw, start or graphiql
  --out DIR    where to put them; docs/img by default
`;

const scenes: Readonly<Record<string, Scene>> = {
  draw: drawByThree,
  start: meetOnStartPage,
  graphiql: walkInGraphiQL,
};

const sizes: Readonly<Record<string, BrowserContextOptions>> = {
  '': { viewport: { width: 1280, height: 800 } },
  '-phone': { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true },
};

const flags = readFlags(help, { only: { type: 'string' }, out: { type: 'string' } });
const folder = resolve(flags.out ?? join(dirname(import.meta.dirname), 'docs/img'));
mkdirSync(folder, { recursive: true });

await using node = await startNode();
// The pages find one another on this machine, without a STUN server.
await using browser = await launchChromium([
  '--disable-features=WebRtcHideLocalIpsWithMdns',
  '--allow-loopback-in-peer-connection',
]);
for (const [name, scene] of Object.entries(scenes)) {
  if (flags.only && flags.only !== name) continue;
  for (const [suffix, size] of Object.entries(sizes)) {
    for (const colorScheme of ['light', 'dark'] as const) {
      const file = `${name}${suffix}${colorScheme === 'dark' ? '-dark' : ''}.png`;
      const contexts: AsyncDisposable[] = [];
      const page = await scene(node.url, async (setUp) => {
        const context = await browser.newContext({ ...size, colorScheme });
        contexts.push(context);
        await setUp?.(context);
        return context.newPage();
      });
      await page.screenshot({ path: join(folder, file), animations: 'disabled', caret: 'hide' });
      for (const context of contexts) await context[Symbol.asyncDispose]();
      process.stdout.write(`${join(folder, file)}\n`);
    }
  }
}
