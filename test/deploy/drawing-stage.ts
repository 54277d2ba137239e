import type { Browser, Page } from 'playwright-core';
import { type Visit, visit } from '../e2e/drawing-page.ts';
import { launchChromium } from '../support/chromium.ts';
import { readMetrics } from '../support/metrics.ts';
import { type NodeProcess, startNode } from '../support/node.ts';
import { freePort, freshPrefix } from '../support/redis.ts';
import { until } from '../support/until.ts';
import { LoadBalancer } from './load-balancer.ts';
import { configureNginx } from './nginx.ts';
import { PageNetwork } from './page-network.ts';

export interface DrawingStageOptions {
  readonly redisUrl: string;
  /** The people who draw. Each has a page with a browser profile of its own. */
  readonly people: readonly (Pick<Visit, 'withoutWebRtc'> & { readonly name: string })[];
  readonly graceSeconds: number;
  /** More arguments of Chromium. */
  readonly browserArgs?: readonly string[];
}

/** A page of the drawing room, and its network. */
export interface Artist {
  readonly name: string;
  readonly page: Page;
  readonly network: PageNetwork;
  readonly hasWebRtc: boolean;
}

/**
 * Two nodes on one Redis behind nginx with the file of `deploy/`, and pages of one drawing room in Chromium. The nodes
 * limit rates as they do by default.
 */
export class DrawingStage {
  readonly artists: readonly Artist[];
  readonly #loadBalancer: LoadBalancer;
  readonly #browser: Browser;
  readonly #env: Readonly<Record<string, string>>;
  #nodes: NodeProcess[];
  readonly #pastNodes: NodeProcess[] = [];

  private constructor(
    artists: readonly Artist[],
    loadBalancer: LoadBalancer,
    browser: Browser,
    env: Readonly<Record<string, string>>,
    nodes: NodeProcess[],
  ) {
    this.artists = artists;
    this.#loadBalancer = loadBalancer;
    this.#browser = browser;
    this.#env = env;
    this.#nodes = nodes;
  }

  /** Resolves when all pages are connected, not all of them to the same node. */
  static async set({
    redisUrl,
    people,
    graceSeconds,
    browserArgs = [],
  }: DrawingStageOptions): Promise<DrawingStage> {
    const env = {
      REDIS_URL: redisUrl,
      REDIS_PREFIX: freshPrefix(),
      TRUST_PROXY: '1',
      RATE_PEER: '1',
      RATE_ADDRESS: '1',
      GRACE_SECONDS: `${graceSeconds}`,
      DRAIN_SECONDS: '1',
      // The metrics say who has streams.
      ADMIN_PORT: '0',
    };
    const ports = [await freePort(), await freePort()];
    const [browser, ...nodes] = await Promise.all([
      launchChromium([
        '--disable-features=WebRtcHideLocalIpsWithMdns',
        '--allow-loopback-in-peer-connection',
        ...browserArgs,
      ]),
      ...ports.map((port) => startNode({ env: { ...env, PORT: `${port}` } })),
    ]);
    // A checkout bundles the pages when they are first asked for.
    await Promise.all(nodes.map(async ({ url }) => (await fetch(`${url}/draw/warm-up`)).text()));
    const loadBalancer = await LoadBalancer.start(configureNginx, ports);
    const artists: Artist[] = [];
    const stage = new DrawingStage(artists, loadBalancer, browser, env, nodes);
    for (const { name, withoutWebRtc = false } of people) {
      const network = await PageNetwork.start(loadBalancer.site.httpsPort);
      const page = await visit(browser, name, { url: network.url, room: 'stage', withoutWebRtc });
      await network.control(page);
      artists.push({ name, page, network, hasWebRtc: !withoutWebRtc });
    }
    // The load balancer goes by the open connections, and calls of the first page may be among them.
    await until(async () => {
      if ((await stage.homes()).size > 1) return true;
      await stage.pages.at(-1)?.reload();
      await stage.pages.at(-1)?.locator('#status[data-kind=good]').waitFor();
      return false;
    }, 'the pages are connected to both nodes');
    return stage;
  }

  get pages(): Page[] {
    return this.artists.map(({ page }) => page);
  }

  /** The nodes that have streams of pages. */
  async homes(): Promise<ReadonlySet<number>> {
    const streams = await Promise.all(this.#nodes.map(streamsOf));
    return new Set(streams.flatMap((count, n) => (count > 0 ? [n] : [])));
  }

  /** What all nodes so far have logged as an error. */
  errors(): string[] {
    const lines = [...this.#pastNodes, ...this.#nodes].flatMap((node) => node.log());
    return lines.filter(({ level }) => Number(level) >= 50).map((line) => JSON.stringify(line));
  }

  /** Ends a node by this signal. Resolves when it has ended. */
  async end(which: number, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    await this.#nodes[which]?.kill(signal);
  }

  /** Starts a node again on its port. Resolves when it listens. */
  async restart(which: number): Promise<void> {
    const node = this.#nodes[which];
    if (!node) throw new Error(`There is no node ${which}.`);
    const PORT = new URL(node.url).port;
    this.#pastNodes.push(node);
    this.#nodes[which] = await startNode({ env: { ...this.#env, PORT } });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close();
    await Promise.all(this.artists.map(({ network }) => network.stop()));
    await this.#loadBalancer[Symbol.asyncDispose]();
    await Promise.all(this.#nodes.map((node) => node[Symbol.asyncDispose]()));
  }
}

/** How many streams a node has. A node that was ended has none. */
async function streamsOf(node: NodeProcess): Promise<number> {
  try {
    return (await readMetrics(node)).sum('signalbox_streams');
  } catch {
    return 0;
  }
}
