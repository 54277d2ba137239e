import { createConnection, type NetConnectOpts, Socket } from 'node:net';
import { connect as connectSecurely, type SecureContextOptions, type TLSSocket } from 'node:tls';
import { AbstractConnector, type RedisOptions } from 'ioredis';
import { describeEndpoint, type Endpoint } from './url.ts';

/** Who knows where the primary is. */
export interface Search {
  /** Where it is now. Rejects where nobody can tell. */
  find(): Promise<Endpoint>;
  /** Calls `moved` when another primary is announced, until the function that it returns is called. */
  follow?(moved: (to: Endpoint) => void): () => void;
}

type Emit = (event: string, error: Error) => void;

/**
 * Leads each connection of ioredis, the first and every later one, to the primary of that time. All keys
 * of a deployment are in one slot, so one primary has them all, in a Cluster too.
 *
 * The connection breaks when another primary takes over, so that its user sees the change.
 */
class PrimaryConnector extends AbstractConnector {
  readonly #search: Search;
  readonly #tls: SecureContextOptions | undefined;
  readonly #family: number;
  #at: Endpoint | undefined;
  #emit: Emit | undefined;
  #unfollow: (() => void) | undefined;
  /** The stream that was disconnected last. */
  #left: Socket | TLSSocket | undefined;
  /** Whether the primary has moved while it was searched for. */
  #moved = false;

  constructor(search: Search, { tls, family, disconnectTimeoutMs }: ConnectorOptions) {
    super(disconnectTimeoutMs);
    this.#search = search;
    this.#tls = tls;
    this.#family = family;
  }

  /** Never rejects, since that is final to ioredis. A stream that is closed already has it try again. */
  override async connect(emit: Emit): Promise<Socket | TLSSocket> {
    this.connecting = true;
    this.#emit = emit;
    this.#unfollow ??= this.#search.follow?.((to) => this.#move(to));
    try {
      do {
        this.#moved = false;
        this.#at = await this.#search.find();
      } while (this.#moved && this.connecting);
      if (!this.connecting) throw new Error('the connection was given up');
      this.stream = this.#open(this.#at);
      // One listener for all: TLS can fail twice, and ioredis listens for the first error alone.
      this.stream.on('error', (error) => {
        this.firstError ??= error;
      });
      return this.stream;
    } catch (error) {
      this.firstError = error as Error;
      return new Socket().destroy();
    }
  }

  /** Whether it is a primary: what led here may be out of date, or on its way to another. */
  override check({ role }: { readonly role?: string }): boolean {
    if (role !== 'slave' || !this.#at) return true;
    this.#emit?.('error', new Error(`${describeEndpoint(this.#at)} is a replica`));
    return false;
  }

  override disconnect(): void {
    this.connecting = false;
    // ioredis disconnects once for each reply that says that it is misled.
    if (this.#left !== this.stream) super.disconnect();
    this.#left = this.stream;
    this.#unfollow?.();
    this.#unfollow = undefined;
  }

  #open({ host, port }: Endpoint): Socket | TLSSocket {
    const to: NetConnectOpts = { host, port, family: this.#family };
    return this.#tls ? connectSecurely({ ...to, ...this.#tls }) : createConnection(to);
  }

  /** What is still under way to the one before is not worth waiting for: it is lost there. */
  #move(to: Endpoint): void {
    // Each of those who know announces it, some later than others.
    if (this.#at && describeEndpoint(to) === describeEndpoint(this.#at)) return;
    this.#moved = true;
    this.stream?.destroy();
  }
}

export interface ConnectorOptions {
  readonly tls: SecureContextOptions | undefined;
  /** Of IP; 0 for both. */
  readonly family: number;
  /** How long a connection that is given up may take to close. */
  readonly disconnectTimeoutMs: number;
}

type Connector = NonNullable<RedisOptions['Connector']>;

/** What `Connector` of ioredis takes: a class, which is given the options of ioredis and needs none. */
export function connectorTo(search: Search, options: ConnectorOptions): Connector {
  return class extends PrimaryConnector {
    constructor() {
      super(search, options);
    }
  };
}
