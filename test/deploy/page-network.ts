import type { CDPSession, Page } from 'playwright-core';
import { startWire, type Wire } from '../support/wire.ts';

/** What Chromium does with the requests of a page, and with its WebRTC. */
interface Conditions {
  readonly offline: boolean;
  /** In milliseconds, before each answer. */
  readonly latency: number;
  /** In bytes per second; -1 for no limit. */
  readonly downloadThroughput: number;
  readonly uploadThroughput: number;
  /** Of the packets of WebRTC, in percent. */
  readonly packetLoss: number;
}

const good: Conditions = {
  offline: false,
  latency: 0,
  downloadThroughput: -1,
  uploadThroughput: -1,
  packetLoss: 0,
};

/** The network of one page: its TCP connections go through a wire, and Chromium's own developer tools slow it down. */
export class PageNetwork {
  readonly #wire: Wire;
  #devtools: CDPSession | undefined;
  #conditions = good;

  private constructor(wire: Wire) {
    this.#wire = wire;
  }

  /** `port`: that of the load balancer. */
  static async start(port: number): Promise<PageNetwork> {
    return new PageNetwork(await startWire(port));
  }

  /** The address at which the page reaches the load balancer. */
  get url(): string {
    return `https://localhost:${this.#wire.port}`;
  }

  /** Takes control of the WebRTC and the requests of this page. */
  async control(page: Page): Promise<void> {
    this.#devtools = await page.context().newCDPSession(page);
    await this.#devtools.send('Network.enable');
  }

  /** Requests fail at once, open ones too, and no packet of WebRTC arrives. */
  async goOffline(): Promise<void> {
    await this.#set({ offline: true, packetLoss: 100 });
  }

  /** Answers come late and slowly, as on a phone at the edge of its network. */
  async slowDown(): Promise<void> {
    await this.#set({ latency: 800, downloadThroughput: 30_000, uploadThroughput: 15_000, packetLoss: 10 });
  }

  /** No packet of WebRTC arrives. */
  async loseWebRtc(): Promise<void> {
    await this.#set({ packetLoss: 100 });
  }

  /** TCP connections stay open, and nothing arrives on them. */
  stall(): void {
    this.#wire.stall();
  }

  /** Ends all TCP connections. */
  cut(): void {
    this.#wire.cut();
  }

  /** Ends all of these changes. */
  async recover(): Promise<void> {
    this.#wire.release();
    await this.#set(good);
  }

  async stop(): Promise<void> {
    await this.#wire.stop();
  }

  async #set(conditions: Partial<Conditions>): Promise<void> {
    this.#conditions = { ...this.#conditions, ...conditions };
    await this.#devtools?.send('Network.emulateNetworkConditions', this.#conditions);
  }
}
