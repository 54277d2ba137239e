import { startWire, type Wire } from '../test/support/wire.ts';

/** What a node can reach: the ports of Redis, and of the sentinels, if there are any. */
export interface FarEnds {
  readonly servers: readonly number[];
  readonly sentinels: readonly number[];
  /** The value of `REDIS_URL` for a node that reaches them by these ports. */
  urlBy(servers: readonly number[], sentinels: readonly number[]): string;
}

/** The line of one node to Redis. It can stand still, while the lines of other nodes go on. */
export class Line {
  /** A value for `REDIS_URL`. */
  readonly url: string;
  readonly #wires: readonly Wire[];

  private constructor(url: string, wires: readonly Wire[]) {
    this.url = url;
    this.#wires = wires;
  }

  static async start({ servers, sentinels, urlBy }: FarEnds): Promise<Line> {
    const toServers = await Promise.all(servers.map(startWire));
    const toSentinels = await Promise.all(sentinels.map(startWire));
    // Sentinels tell where the primary is. The node has to go there by its line.
    const ports = servers.map((port, i) => [`${port}`, `${toServers[i]?.port}`] as const);
    for (const wire of toSentinels) wire.rewrite = (text) => replaceAll(text, ports);
    const url = urlBy(toServers.map(toPort), toSentinels.map(toPort));
    return new Line(url, [...toServers, ...toSentinels]);
  }

  /** Stops all traffic without closing a connection, as packet loss does. */
  stall(): void {
    for (const wire of this.#wires) wire.stall();
  }

  release(): void {
    for (const wire of this.#wires) wire.release();
  }

  async stop(): Promise<void> {
    await Promise.all(this.#wires.map((wire) => wire.stop()));
  }
}

function toPort({ port }: Wire): number {
  return port;
}

/** All ports have five digits, so the lengths in the protocol of Redis stay right. */
function replaceAll(text: string, pairs: readonly (readonly [from: string, to: string])[]): string {
  return pairs.reduce((result, [from, to]) => result.replaceAll(new RegExp(`\\b${from}\\b`, 'g'), to), text);
}
