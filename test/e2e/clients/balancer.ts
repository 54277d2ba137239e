import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

interface Line {
  readonly client: Socket;
  readonly node: Socket;
  /** Whether a stream is open here. */
  hasStream?: boolean;
}

/**
 * Stands before the nodes, as a load balancer does: each connection goes to the first node of the list that takes it. It
 * knows only TCP. A test can let it fail as networks fail.
 */
export class Balancer implements AsyncDisposable {
  readonly #server: Server;
  readonly #lines = new Set<Line>();
  #nodes: readonly string[];
  #losing: { readonly words: string; readonly lost: () => void } | undefined;

  private constructor(nodes: readonly string[]) {
    this.#nodes = nodes;
    this.#server = createServer((client) => void this.#accept(client));
  }

  /** `nodes`: their URLs, the preferred one first. */
  static async start(nodes: readonly string[]): Promise<Balancer> {
    const balancer = new Balancer(nodes);
    balancer.#server.listen(0, '127.0.0.1');
    await once(balancer.#server, 'listening');
    return balancer;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Sends new connections to these nodes. Those that are open stay. */
  route(nodes: readonly string[]): void {
    this.#nodes = nodes;
  }

  /** Breaks all connections. */
  cut(): void {
    for (const { client, node } of this.#lines) {
      client.resetAndDestroy();
      node.destroy();
    }
  }

  /** Lets nothing pass any more on the connections of streams. They do not close, so neither side can see it. */
  freezeStreams(): void {
    for (const { client, node, hasStream } of this.#lines) {
      if (!hasStream) continue;
      for (const socket of [client, node]) {
        socket.unpipe();
        socket.pause();
      }
    }
  }

  /**
   * Takes the next request with these words to its node, and breaks its connection when the answer comes. Resolves then:
   * the node has done what was asked, and the client cannot know.
   */
  loseAnswer(words: string): Promise<void> {
    return new Promise((lost) => {
      this.#losing = { words, lost };
    });
  }

  async #accept(client: Socket): Promise<void> {
    client.on('error', () => undefined);
    for (const url of this.#nodes) {
      const node = connect({ port: Number(new URL(url).port), host: '127.0.0.1', noDelay: true });
      node.on('error', () => undefined);
      const taken = await Promise.race([
        once(node, 'connect').then(() => true),
        once(node, 'close').then(() => false),
      ]).catch(() => false);
      if (!taken) continue;
      if (client.destroyed) node.destroy();
      else this.#join({ client, node });
      return;
    }
    client.destroy();
  }

  #join(line: Line): void {
    const { client, node } = line;
    this.#lines.add(line);
    client.on('data', (bytes) => this.#watch(line, bytes));
    node.on('data', (bytes) => {
      if (/^content-type: (?:text\/event-stream|multipart\/mixed)/im.test(bytes.toString('latin1'))) {
        line.hasStream = true;
      }
      // The end of a response: what comes next on this connection is another one.
      if (bytes.includes('\r\n0\r\n\r\n')) line.hasStream = false;
    });
    client.pipe(node);
    node.pipe(client);
    const close = () => {
      this.#lines.delete(line);
      client.destroy();
      node.destroy();
    };
    client.once('close', close);
    node.once('close', () => (node.readableEnded ? client.end(close) : close()));
  }

  #watch({ client, node }: Line, bytes: Buffer): void {
    const losing = this.#losing;
    if (!losing || !bytes.includes(losing.words)) return;
    this.#losing = undefined;
    node.unpipe(client);
    node.once('data', () => {
      client.resetAndDestroy();
      losing.lost();
    });
    node.resume();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    this.cut();
    await once(this.#server, 'close');
  }
}
