import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, test } from 'vitest';
import { startNode } from '../support/node.ts';
import { close, expectPaths, expectSame } from './drawing-checks.ts';
import { draw, launchForWebRtc, visit } from './drawing-page.ts';
import { startPair } from './nodes.ts';

const timeout = 60_000;

let browser: Browser;
beforeAll(async () => {
  browser = await launchForWebRtc();
}, 60_000);
afterAll(() => browser.close());

test('over WebRTC, two pages go on drawing while the server is away', { timeout }, async () => {
  await using server = await startNode();
  const ada = await visit(browser, 'Ada', { room: 'away', url: server.url });
  const ben = await visit(browser, 'Ben', { room: 'away', url: server.url });
  for (const page of [ada, ben]) await expectPaths(page, 'direct');
  await server.kill('SIGKILL');
  await ada.getByText('Server away').waitFor();
  await draw(ada, 'pencil', [0.1, 0.1], [0.5, 0.5]);
  await draw(ben, 'pencil', [0.5, 0.1], [0.1, 0.5]);
  await expectSame(2, ada, ben);
  await close(ada, ben);
});

test('without WebRTC, what was drawn while the server was away is made up for after its restart', {
  timeout,
}, async () => {
  const options = { room: 'restart', withoutWebRtc: true };
  let server = await startNode();
  const { url } = server;
  const ada = await visit(browser, 'Ada', { ...options, url });
  const ben = await visit(browser, 'Ben', { ...options, url });
  await draw(ada, 'pencil', [0.1, 0.1], [0.5, 0.5]);
  await expectSame(1, ada, ben);
  await server.kill('SIGKILL');
  for (const page of [ada, ben]) await page.getByText('Server away').waitFor();
  await draw(ada, 'rectangle', [0.2, 0.2], [0.7, 0.6]);
  await draw(ben, 'circle', [0.5, 0.5], [0.9, 0.8]);
  server = await startNode({ env: { PORT: new URL(url).port } });
  await using _server = server;
  await expectSame(3, ada, ben);
  await draw(ben, 'pencil', [0.1, 0.5], [0.5, 0.1]);
  await expectSame(4, ada, ben);
  await close(ada, ben);
});

test('G3: on two nodes, what was relayed while one of them was killed is there after its restart', {
  timeout,
}, async () => {
  await using pair = await startPair('Redis', { GRACE_SECONDS: '60' });
  const { a, b, env } = pair;
  const room = { room: 'two-nodes', withoutWebRtc: true };
  const ada = await visit(browser, 'Ada', { ...room, url: a.url });
  const ben = await visit(browser, 'Ben', { ...room, url: b.url });
  const cas = await visit(browser, 'Cas', { room: 'two-nodes', url: a.url });
  await expectPaths(ben, 'relayed', 'relayed');
  await draw(ben, 'pencil', [0.1, 0.1], [0.5, 0.5]);
  await expectSame(1, ada, ben, cas);
  await b.kill('SIGKILL');
  await ben.getByText('Server away').waitFor();
  await draw(ada, 'rectangle', [0.2, 0.2], [0.7, 0.6]);
  await draw(ben, 'circle', [0.5, 0.5], [0.9, 0.8]);
  await draw(cas, 'pencil', [0.7, 0.1], [0.9, 0.4]);
  await expectSame(3, ada, cas);
  await using _again = await startNode({ env: { ...env, PORT: new URL(b.url).port } });
  await expectSame(4, ada, ben, cas);
  await ben.getByText('Connected again').waitFor();
  await close(ada, ben, cas);
});
