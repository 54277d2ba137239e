import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** Starts a wire from a free loopback port to the port `target`. */
export async function startWire(target: number): Promise<Wire> {
  const wire = new Wire(target);
  await wire.listen();
  return wire;
}

interface Pair {
  readonly client: Socket;
  upstream: Socket;
  subscribed: boolean;
}

/** A TCP proxy, as a rule between Redis and its clients, which a test can cut, hold, slow down or lead to another port. */
export class Wire {
  /** The port of new connections' far end. */
  target: number;
  /** How long each chunk takes to the server on new connections, in milliseconds. */
  delayMs = 0;
  /** Whether connections that subscribe from now on receive nothing. */
  muffled = false;
  /** Changes what the server says on all connections. The length must stay the same. */
  rewrite = (text: string): string => text;
  /** If set: called before each command of a client goes on to the server. */
  beforeCommand: (() => Promise<unknown>) | undefined;
  #stalled = false;
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();

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

  /**
   * From now on another server answers on the connections that do not subscribe, and they stay open: so does a proxy
   * that hides a failover. The subscribed ones are closed.
   */
  swap(target: number): void {
    this.target = target;
    this.cut('subscribed');
    for (const pair of this.#pairs) {
      const { upstream } = pair;
      pair.upstream = connect(target, '127.0.0.1');
      upstream.removeAllListeners('close').destroy();
      this.#pipe(pair);
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
    const pair: Pair = { client, upstream: connect(this.target, '127.0.0.1'), subscribed: false };
    this.#pairs.add(pair);
    let onward = Promise.resolve();
    client.on('data', (chunk) => {
      const { beforeCommand } = this;
      if (beforeCommand) {
        // A command is an array of RESP, whose first element is a string.
        for (const command of chunk.toString('latin1').split(/(?=\*\d+\r\n\$)/)) {
          onward = onward.then(async () => {
            await beforeCommand();
            pair.upstream.write(command, 'latin1');
          });
        }
        return;
      }
      if (chunk.includes('\r\nsubscribe\r\n')) {
        pair.subscribed = true;
        if (this.muffled) pair.upstream.pause();
      }
      if (delayMs === 0) pair.upstream.write(chunk);
      else setTimeout(() => pair.upstream.write(chunk), delayMs);
    });
    client.on('error', () => pair.upstream.destroy());
    client.on('close', () => {
      pair.upstream.destroy();
      this.#pairs.delete(pair);
    });
    this.#pipe(pair);
    if (this.#stalled) {
      client.pause();
      pair.upstream.pause();
    }
  }

  /** Passes on what the far end says, and its end. */
  #pipe({ client, upstream }: Pair): void {
    upstream.on('data', (chunk) => {
      const text = chunk.toString('latin1');
      const changed = this.rewrite(text);
      client.write(changed === text ? chunk : Buffer.from(changed, 'latin1'));
    });
    upstream.on('error', () => client.destroy());
    upstream.on('close', () => client.destroy());
  }
}
