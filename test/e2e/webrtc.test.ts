import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { stripTypeScriptTypes } from 'node:module';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Arrivals, patienceMs } from '../support/arrivals.ts';
import { launchChromium } from '../support/chromium.ts';
import { type NodeProcess, startNode } from '../support/node.ts';
import { type Pair, startPair } from './nodes.ts';

interface News {
  readonly type: string;
  readonly text?: string;
  readonly event?: string;
  readonly reason?: string;
  readonly [key: string]: unknown;
}

/** A page that calls another one, and its reports. */
interface Caller {
  readonly page: Page;
  readonly news: Arrivals<News>;
}

const graceSeconds = 8;
const script = stripTypeScriptTypes(readFileSync(new URL('call-page.ts', import.meta.url), 'utf8'));
const html = `<!doctype html><title>A call</title><script type="module">${script}</script>`;

let browser: Browser;
let pages: Server;
let pair: Pair;
beforeAll(async () => {
  // The page has another origin than the nodes, like the page of an application that uses Signalbox.
  pages = createServer((_req, res) => res.writeHead(200, { 'content-type': 'text/html' }).end(html));
  pages.listen(0, '127.0.0.1');
  [browser, pair] = await Promise.all([
    // Without a STUN server, the only candidates are this machine's addresses: Chromium must not hide them.
    launchChromium(['--disable-features=WebRtcHideLocalIpsWithMdns', '--allow-loopback-in-peer-connection']),
    startPair('Redis', { GRACE_SECONDS: `${graceSeconds}` }),
    once(pages, 'listening'),
  ]);
}, 60_000);
afterAll(async () => {
  await browser.close();
  pages.close();
  await pair[Symbol.asyncDispose]();
});

/** Opens a page that joins the room through the given node. Each page has its own browser profile. */
async function call(name: string, room: string, { url }: NodeProcess): Promise<Caller> {
  const context = await browser.newContext();
  const page = await context.newPage();
  const news = new Arrivals<News>(name);
  await page.exposeFunction('report', (item: News) => news.push(item));
  page.on('pageerror', (error) => news.push({ type: 'failure', message: error.message }));
  const { port } = pages.address() as AddressInfo;
  await page.goto(`http://127.0.0.1:${port}/#${new URLSearchParams({ node: url, room, name })}`);
  return { page, news };
}

function is(type: string, fields: Readonly<Record<string, unknown>> = {}) {
  return (item: News) =>
    item.type === type && Object.entries(fields).every(([key, value]) => item[key] === value);
}

function say({ page }: Caller, text: string): Promise<void> {
  return page.evaluate((words) => (window as unknown as { say(text: string): void }).say(words), text);
}

/** Sends the other page a signal. That page reports it. */
async function signal({ page }: Caller, event: string): Promise<void> {
  await page.evaluate(
    (name) => (window as unknown as { send(event: string): Promise<unknown> }).send(name),
    event,
  );
}

async function expectHello(one: Caller, other: Caller, text: string): Promise<void> {
  await say(one, `${text} from one`);
  await say(other, `${text} from the other`);
  await other.news.next(is('said', { text: `${text} from one` }), text);
  await one.news.next(is('said', { text: `${text} from the other` }), text);
}

function failures({ news }: Caller): News[] {
  return news.all.filter(({ type }) => type === 'failure' || type === 'errors');
}

/** The reports of added and removed peers so far. */
function presence({ news }: Caller): News[] {
  return news.all.filter(({ type }) => type === 'PeerAdded' || type === 'PeerRemoved');
}

test('G1: two pages, each on its own node, open a data channel, and exactly one of them offers', {
  timeout: 90_000,
}, async () => {
  const ann = await call('ann', 'hello', pair.a);
  await ann.news.next(is('Connected', { resumed: false }));
  const ben = await call('ben', 'hello', pair.b);
  await Promise.all([ann, ben].map(({ news }) => news.next(is('open'), 'the data channel')));
  await expectHello(ann, ben, 'hello');
  expect(presence(ann)).toMatchObject([{ type: 'PeerAdded', offer: false, from: 'ben' }]);
  expect(presence(ben)).toMatchObject([{ type: 'PeerAdded', offer: true, from: 'ann' }]);
  const signals = (caller: Caller) => new Set(caller.news.all.map(({ event }) => event).filter(Boolean));
  // The channel may open before the last candidate arrives.
  const soon = { timeout: patienceMs };
  await expect.poll(() => signals(ann), soon).toEqual(new Set(['offer', 'candidate']));
  await expect.poll(() => signals(ben), soon).toEqual(new Set(['answer', 'candidate']));
  expect([...failures(ann), ...failures(ben)]).toEqual([]);
  await Promise.all([ann, ben].map(({ page }) => page.context().close()));
});

test('G4, G5: a reloaded page replaces its session and calls again; a closed page is announced after the grace period', {
  timeout: 90_000,
}, async () => {
  const ann = await call('ann', 'reload', pair.a);
  await ann.news.next(is('Connected'));
  const ben = await call('ben', 'reload', pair.b);
  for (const { news } of [ann, ben]) await news.next(is('open'), 'the data channel');

  await ben.page.reload();
  for (const { news } of [ann, ben]) await news.next(is('open'), 'the data channel after the reload');
  await expectHello(ann, ben, 'hello again');
  const added = { type: 'PeerAdded', offer: false, from: 'ben' };
  expect(presence(ann)).toMatchObject([
    added,
    { type: 'PeerRemoved', reason: 'REPLACED', from: 'ben' },
    added,
  ]);

  const closedAt = performance.now();
  await ben.page.context().close();
  await ann.news.next(is('PeerRemoved', { reason: 'DISCONNECTED' }));
  expect(performance.now() - closedAt).toBeGreaterThan(graceSeconds * 1000 - 500);
  expect(presence(ann)).toHaveLength(4);
  // What ann sends while ben's page is between its two sessions finds no peer.
  const unexpected = failures(ann).filter(({ message }) => !String(message).includes('PEER_NOT_IN_ROOM'));
  expect(unexpected).toEqual([]);
  await ann.page.context().close();
});

test('G3, G4: when a node is killed and restarted, an EventSource resumes by itself, and the call never ends', {
  timeout: 60_000,
}, async () => {
  // A browser waits some seconds before each attempt to reconnect.
  await using patient = await startPair('Redis', { GRACE_SECONDS: '60' });
  const { a: restarted, b: other, env } = patient;
  const ann = await call('ann', 'blip', restarted);
  await ann.news.next(is('Connected'));
  const ben = await call('ben', 'blip', other);
  for (const { news } of [ann, ben]) await news.next(is('open'), 'the data channel');
  await expectHello(ann, ben, 'before');

  await restarted.kill('SIGKILL');
  await ann.news.next(is('lost'));
  await expectHello(ann, ben, 'without the node');
  await signal(ben, 'meanwhile');
  await using _again = await startNode({ env: { ...env, PORT: new URL(restarted.url).port } });
  expect(await ann.news.next(is('Connected'))).toMatchObject({ resumed: true });
  await ann.news.next(is('Signal', { event: 'meanwhile' }));
  await expectHello(ann, ben, 'after');

  // After these two signals, every earlier message about the other peer has arrived.
  await Promise.all([signal(ann, 'barrier'), signal(ben, 'barrier')]);
  for (const { news } of [ann, ben]) await news.next(is('Signal', { event: 'barrier' }));
  for (const caller of [ann, ben]) {
    expect(presence(caller)).toHaveLength(1);
    expect(caller.news.all.filter(is('open')), 'the first channel stays open').toHaveLength(1);
    expect(failures(caller)).toEqual([]);
    await caller.page.context().close();
  }
});
