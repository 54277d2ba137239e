import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** Lays a wire from a free loopback port to another. */
export async function startWire(target: number): Promise<Wire> {
  const wire = new Wire(target);
  await wire.listen();
  return wire;
}

/** A wire between a client and a server on loopback, which can be cut, held, slowed, or led elsewhere. */
export class Wire {
  /** The port that new connections are led to. */
  target: number;
  /** How long each chunk takes on its way to the server, in milliseconds, on connections that are made from now on. */
  delayMs = 0;
  /** Whether connections that begin to listen hear nothing. */
  muffled = false;
  readonly #server: Server;
  readonly #pairs = new Set<{ client: Socket; upstream: Socket; listens: boolean }>();

  constructor(target: number) {
    this.target = target;
    this.#server = createServer((client) => this.#join(client));
  }

  get port(): number {
    const address = this.#server.address();
    if (typeof address !== 'object' || !address) throw new Error('This wire is not laid yet.');
    return address.port;
  }

  async listen(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  /**
   * Nothing goes through the connections that are there, or those of them that listen, and nobody is
   * told: as where packets are dropped.
   */
  hold(which: 'all' | 'listening'): void {
    for (const { client, upstream, listens } of this.#pairs) {
      if (which === 'listening' && !listens) continue;
      client.pause();
      upstream.pause();
    }
  }

  /** Breaks all connections, or those that listen. */
  cut(which: 'all' | 'listening' = 'all'): void {
    for (const { client, upstream, listens } of this.#pairs) {
      if (which === 'listening' && !listens) continue;
      client.destroy();
      upstream.destroy();
    }
  }

  async stop(): Promise<void> {
    this.#server.close();
    this.cut();
    await once(this.#server, 'close');
  }

  #join(client: Socket): void {
    const { delayMs } = this;
    const upstream = connect(this.target, '127.0.0.1');
    const pair = { client, upstream, listens: false };
    this.#pairs.add(pair);
    client.on('data', (chunk) => {
      if (chunk.includes('\r\nsubscribe\r\n')) {
        pair.listens = true;
        if (this.muffled) upstream.pause();
      }
      if (delayMs === 0) upstream.write(chunk);
      else setTimeout(() => upstream.write(chunk), delayMs);
    });
    upstream.on('data', (chunk) => client.write(chunk));
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      one.on('error', () => other.destroy());
      one.on('close', () => {
        other.destroy();
        this.#pairs.delete(pair);
      });
    }
  }
}
