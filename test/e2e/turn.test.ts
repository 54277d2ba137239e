import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Arrivals } from '../support/arrivals.ts';
import { launchChromium } from '../support/chromium.ts';
import { Coturn } from '../support/coturn.ts';
import { type NodeProcess, startNode } from '../support/node.ts';
import { until } from '../support/until.ts';

const secret = 'correct-horse-battery-staple';

type News = { readonly type: 'path' | 'said'; readonly text: string };

/** A page with the browser client, which may use nothing but relays. */
interface Caller {
  readonly page: Page;
  readonly news: Arrivals<News>;
  readonly peerId: string;
}

/** What the page's script leaves in `window`. */
interface CallerWindow extends Window {
  readonly made: RTCPeerConnection[];
  readonly say: (text: string) => void;
  readonly gather: (configuration: RTCConfiguration) => Promise<Gathered>;
}

interface Gathered {
  /** The types of the candidates. */
  readonly candidates: readonly (string | null)[];
  /** The codes of the errors. */
  readonly errors: readonly number[];
}

const html = (node: string) => `<!doctype html><title>A call</title><script type="module">
  window.made = [];
  const Native = RTCPeerConnection;
  window.RTCPeerConnection = class extends Native {
    constructor(configuration) {
      super(configuration);
      made.push(this);
    }
  };
  window.gather = async (configuration) => {
    const connection = new Native(configuration);
    const candidates = [];
    const errors = [];
    connection.onicecandidate = ({ candidate }) => candidate?.candidate && candidates.push(candidate.type);
    connection.onicecandidateerror = ({ errorCode }) => errors.push(errorCode);
    const complete = new Promise((resolve) => {
      connection.onicegatheringstatechange = () => connection.iceGatheringState === 'complete' && resolve();
    });
    connection.createDataChannel('c');
    await connection.setLocalDescription();
    await complete;
    connection.close();
    return { candidates, errors };
  };
  const { connect } = await import('${node}/client.js');
  const username = location.hash.slice(1);
  const box = await connect('${node}', { username, iceTransportPolicy: 'relay' });
  const room = await box.join('lobby');
  room.on('peer', (peer) => {
    peer.on('path', (path) => report({ type: 'path', text: path }));
    const channel = peer.channel('c');
    channel.on('message', (text) => report({ type: 'said', text }));
    window.say = (text) => channel.send(text);
  });
  window.peerId = box.peer.id;
</script>`;

let browser: Browser;
let pages: Server;
let node: NodeProcess;
beforeAll(async () => {
  pages = createServer((_req, res) =>
    res.writeHead(200, { 'content-type': 'text/html' }).end(html(node.url)),
  );
  pages.listen(0, '127.0.0.1');
  await once(pages, 'listening');
  browser = await launchChromium(['--allow-loopback-in-peer-connection']);
}, 60_000);
afterAll(async () => {
  await browser.close();
  pages.close();
});

async function startSignalbox(
  coturn: Coturn,
  env: Readonly<Record<string, string>> = {},
): Promise<NodeProcess> {
  node = await startNode({
    env: { TURN_URLS: coturn.url, TURN_SECRET: secret, LOG_LEVEL: 'trace', ...env },
  });
  return node;
}

async function call(name: string): Promise<Caller> {
  const context = await browser.newContext();
  const page = await context.newPage();
  const news = new Arrivals<News>(name);
  await page.exposeFunction('report', (item: News) => news.push(item));
  const { port } = pages.address() as AddressInfo;
  await page.goto(`http://127.0.0.1:${port}/#${name}`);
  await page.waitForFunction('window.peerId');
  return { page, news, peerId: await page.evaluate('window.peerId') };
}

function is(type: News['type'], text: string) {
  return (item: News) => item.type === type && item.text === text;
}

function say({ page }: Caller, text: string): Promise<void> {
  return page.evaluate((words) => (window as unknown as CallerWindow).say(words), text);
}

async function expectHello(one: Caller, other: Caller, text: string): Promise<void> {
  await say(one, `${text} from one`);
  await say(other, `${text} from the other`);
  await other.news.next(is('said', `${text} from one`));
  await one.news.next(is('said', `${text} from the other`));
}

/** The paths of the data so far, in order: `direct` is over WebRTC, `relayed` through the server. */
function pathsOf({ news }: Caller): readonly string[] {
  return news.all.filter(({ type }) => type === 'path').map(({ text }) => text);
}

/** The STUN and TURN servers of the connection that the page made last. */
function serversOf({ page }: Caller): Promise<readonly Required<RTCIceServer>[]> {
  return page.evaluate(() => {
    const { made } = window as unknown as CallerWindow;
    return JSON.parse(JSON.stringify(made.at(-1)?.getConfiguration().iceServers));
  });
}

/** What a new connection gathers with these servers, through relays only. */
function gather({ page }: Caller, iceServers: readonly RTCIceServer[]): Promise<Gathered> {
  return page.evaluate(
    (servers) =>
      (window as unknown as CallerWindow).gather({ iceServers: servers, iceTransportPolicy: 'relay' }),
    iceServers as RTCIceServer[],
  );
}

/** The types of the two candidates over which the page's last connection sends, such as `relay relay`. */
function pathOf({ page }: Caller): Promise<string> {
  return page.evaluate(async () => {
    const { made } = window as unknown as CallerWindow;
    const stats = [...((await made.at(-1)?.getStats()) ?? new Map()).values()];
    const find = (id: string) => stats.find((entry) => entry.id === id);
    const pair = find(stats.find(({ type }) => type === 'transport')?.selectedCandidatePairId);
    return `${find(pair.localCandidateId).candidateType} ${find(pair.remoteCandidateId).candidateType}`;
  });
}

test('two pages that may use only relays open a data channel through coturn, each with a credential of its own', {
  timeout: 90_000,
}, async () => {
  await using coturn = await Coturn.start(secret);
  await using signalbox = await startSignalbox(coturn);
  const callers = [await call('ann'), await call('ben')] as const;
  const [ann, ben] = callers;
  for (const { news } of callers) await news.next(is('path', 'direct'), 'the data channel');
  await expectHello(ann, ben, 'hello');
  for (const caller of callers) {
    expect(await pathOf(caller)).toBe('relay relay');
    const [server] = await serversOf(caller);
    expect(server?.username).toMatch(new RegExp(`^\\d+:${caller.peerId}$`));
    expect(coturn.output(), 'coturn knows whose relay it is').toContain(`<${server?.username}>`);
    const log = signalbox.output();
    expect(log, 'the log has no credential').not.toContain(server?.credential);
    expect(log, 'the log has no secret').not.toContain(secret);
  }
  const [server] = await serversOf(ann);
  const forged = { ...server, username: server?.username.replace(/^\d+/, '4000000000') };
  expect(await gather(ann, [forged as RTCIceServer]), 'a credential cannot be made to last longer').toEqual({
    candidates: [],
    errors: [401],
  });
  for (const { page } of callers) await page.context().close();
});

test('coturn refuses an expired credential, and the client renews its own in time: a call survives a restart of coturn', {
  timeout: 180_000,
}, async () => {
  await using coturn = await Coturn.start(secret);
  await using _signalbox = await startSignalbox(coturn, { TURN_TTL_SECONDS: '10' });
  const callers = [await call('ann'), await call('ben')] as const;
  const [ann, ben] = callers;
  for (const { news } of callers) await news.next(is('path', 'direct'), 'the data channel');
  const first = await serversOf(ann);
  expect(await gather(ann, first)).toEqual({ candidates: ['relay'], errors: [] });

  const expiry = Number.parseInt(first[0]?.username ?? '', 10) * 1000;
  await until(() => Date.now() > expiry + 1000, 'the first credential expires');
  expect(await gather(ann, first)).toEqual({ candidates: [], errors: [401] });
  expect(await gather(ann, await serversOf(ann))).toEqual({ candidates: ['relay'], errors: [] });
  await expectHello(ann, ben, 'over the first relay');
  for (const caller of callers) expect(pathsOf(caller)).toEqual(['direct']);

  await coturn.kill();
  await expectHello(ann, ben, 'through the server');
  for (const caller of callers) await until(() => pathsOf(caller).at(-1) === 'relayed', 'the path is lost');
  await coturn.startAgain();
  const soon = { timeout: 60_000 };
  // ICE starts again some 15 seconds after the relay was lost.
  for (const caller of callers) await expect.poll(() => pathsOf(caller).at(-1), soon).toBe('direct');
  for (const caller of callers) expect(await pathOf(caller)).toBe('relay relay');
  for (const { page } of callers) await page.context().close();
});
