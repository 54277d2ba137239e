import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** Starts a wire from a free loopback port to the port `target`. */
export async function startWire(target: number): Promise<Wire> {
  const wire = new Wire(target);
  await wire.listen();
  return wire;
}

/** A TCP proxy between Redis and its clients, which a test can cut, hold, slow down or lead to another port. */
export class Wire {
  /** The port of new connections' far end. */
  target: number;
  /** How long each chunk takes to the server on new connections, in milliseconds. */
  delayMs = 0;
  /** Whether connections that subscribe from now on receive nothing. */
  muffled = false;
  #stalled = false;
  readonly #server: Server;
  readonly #pairs = new Set<{ client: Socket; upstream: Socket; subscribed: boolean }>();

  constructor(target: number) {
    this.target = target;
    this.#server = createServer((client) => this.#join(client));
  }

  get port(): number {
    const address = this.#server.address();
    if (typeof address !== 'object' || !address) throw new Error('This wire is not started yet.');
    return address.port;
  }

  async listen(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  /** Stops all traffic on the open connections, or on subscribed ones, without closing them, as packet loss does. */
  hold(which: 'all' | 'subscribed'): void {
    for (const { client, upstream, subscribed } of this.#pairs) {
      if (which === 'subscribed' && !subscribed) continue;
      client.pause();
      upstream.pause();
    }
  }

  /** Stops all traffic, on new connections too, until `release`. */
  stall(): void {
    this.#stalled = true;
    this.hold('all');
  }

  /** Lets everything flow that was held. */
  release(): void {
    this.#stalled = false;
    for (const { client, upstream } of this.#pairs) {
      client.resume();
      upstream.resume();
    }
  }

  /** Closes all connections, or the subscribed ones. */
  cut(which: 'all' | 'subscribed' = 'all'): void {
    for (const { client, upstream, subscribed } of this.#pairs) {
      if (which === 'subscribed' && !subscribed) continue;
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
    const pair = { client, upstream, subscribed: false };
    this.#pairs.add(pair);
    client.on('data', (chunk) => {
      if (chunk.includes('\r\nsubscribe\r\n')) {
        pair.subscribed = true;
        if (this.muffled) upstream.pause();
      }
      if (delayMs === 0) upstream.write(chunk);
      else setTimeout(() => upstream.write(chunk), delayMs);
    });
    upstream.on('data', (chunk) => client.write(chunk));
    if (this.#stalled) {
      client.pause();
      upstream.pause();
    }
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
