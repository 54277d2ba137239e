import { readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import type { Browser, Page } from 'playwright-core';
import { inject } from 'vitest';
import { launchChromium } from '../support/chromium.ts';
import { type NodeProcess, startNode } from '../support/node.ts';
import { freePort, freshPrefix } from '../support/redis.ts';
import { type Configure, LoadBalancer, type Site } from './load-balancer.ts';

/** What `clients-page.ts` tells of one client. */
export interface Follower {
  readonly name: string;
  readonly token: string;
  readonly numbers: readonly number[];
  readonly removed: readonly string[];
  readonly connected: number;
  readonly resumed: number;
  readonly lost: number;
  readonly over?: string;
}

/** The functions that `clients-page.ts` adds to its window. */
interface ClientsPage {
  openEventSources(name: string, room: string, count: number): Promise<number[]>;
  openFetchClients(name: string, room: string, count: number): Promise<void>;
  openReader(name: string): Promise<number>;
  endOf(name: string): Promise<string>;
  send(from: string, to: string, room: string, data: number): Promise<number>;
  closeEventSources(name: string): void;
  report(): Follower[];
}

const script = stripTypeScriptTypes(readFileSync(new URL('clients-page.ts', import.meta.url), 'utf8'));

/** Two nodes on one Redis behind a load balancer, and a page in Chromium that uses them. */
export class Stage {
  readonly #loadBalancer: LoadBalancer;
  readonly #page: Page;
  readonly #browser: Browser;
  readonly #ports: readonly [number, number];
  readonly #env: Readonly<Record<string, string>>;
  #nodes: [NodeProcess, NodeProcess];

  private constructor(
    loadBalancer: LoadBalancer,
    page: Page,
    browser: Browser,
    ports: readonly [number, number],
    env: Readonly<Record<string, string>>,
    nodes: [NodeProcess, NodeProcess],
  ) {
    this.#loadBalancer = loadBalancer;
    this.#page = page;
    this.#browser = browser;
    this.#ports = ports;
    this.#env = env;
    this.#nodes = nodes;
  }

  static async set(configure: Configure): Promise<Stage> {
    const env = {
      REDIS_URL: inject('redisUrl'),
      REDIS_PREFIX: freshPrefix(),
      TRUST_PROXY: '1',
      RATE_ADDRESS: '0.1',
      // Even on a busy machine, clients come back sooner than that.
      GRACE_SECONDS: '40',
      DRAIN_SECONDS: '1',
      PING_SECONDS: '1',
    };
    const ports = [await freePort(), await freePort()] as const;
    const [a, b, browser] = await Promise.all([
      startNode({ env: { ...env, PORT: `${ports[0]}` } }),
      startNode({ env: { ...env, PORT: `${ports[1]}` } }),
      launchChromium(),
    ]);
    // A checkout bundles the browser client when it is first asked for, which may take longer than the short timeouts.
    await Promise.all([a, b].map(async ({ url }) => (await fetch(`${url}/client.js`)).text()));
    const loadBalancer = await LoadBalancer.start(configure, ports);
    const page = await (await browser.newContext({ ignoreHTTPSErrors: true })).newPage();
    await page.goto(`${loadBalancer.url}/health`);
    await page.addScriptTag({ content: script });
    return new Stage(loadBalancer, page, browser, ports, env, [a, b]);
  }

  get site(): Site {
    return this.#loadBalancer.site;
  }

  /** All that the load balancer wrote, to its output and to its logs. */
  written(): Promise<string> {
    return this.#loadBalancer.written();
  }

  /** The protocols of the page's requests so far. */
  async protocols(): Promise<string[]> {
    const all = await this.#page.evaluate(() =>
      performance
        .getEntriesByType('resource')
        .map((entry) => (entry as PerformanceResourceTiming).nextHopProtocol),
    );
    return [...new Set(all)];
  }

  /** Calls a function of the page. */
  call<Name extends keyof ClientsPage>(
    name: Name,
    ...args: Parameters<ClientsPage[Name]>
  ): Promise<Awaited<ReturnType<ClientsPage[Name]>>> {
    return this.#page.evaluate(
      ([fn, values]) =>
        (window as unknown as Record<string, (...args: unknown[]) => unknown>)[fn]?.(...values),
      [name, args] as const,
    ) as Promise<Awaited<ReturnType<ClientsPage[Name]>>>;
  }

  /** The clients of the page whose names start with this. */
  async followers(name = ''): Promise<Follower[]> {
    return (await this.call('report')).filter((follower) => follower.name.startsWith(name));
  }

  /** Ends a node by this signal. Resolves when it has ended. */
  async end(which: 0 | 1, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    await this.#nodes[which].kill(signal);
  }

  /** Starts the node again on its port. Resolves when it listens. */
  async restart(which: 0 | 1): Promise<void> {
    this.#nodes[which] = await startNode({ env: { ...this.#env, PORT: `${this.#ports[which]}` } });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close();
    await this.#loadBalancer[Symbol.asyncDispose]();
    await Promise.all(this.#nodes.map((node) => node[Symbol.asyncDispose]()));
  }
}
