import { createConnection, isIP, type NetConnectOpts, Socket } from 'node:net';
import { connect as connectSecurely, type SecureContextOptions, TLSSocket } from 'node:tls';
import { AbstractConnector, type RedisOptions } from 'ioredis';
import { describeEndpoint, type Endpoint, type TlsAddress } from './url.ts';

/** How long to wait for a certificate that `REDIS_URL` names by its fingerprint. */
const handshakeTimeoutMs = 3000;

/** The way to find the primary. */
export interface Search {
  /** Where the primary is now. Rejects if nobody knows. */
  find(): Promise<Endpoint>;
  /** Calls `moved` when another primary is announced, until the function that it returns is called. */
  follow?(moved: (to: Endpoint) => void): () => void;
}

type Emit = (event: string, error: Error) => void;

/**
 * Makes each connection of ioredis, the first one and all later ones, to the present primary. All keys of a
 * deployment are in one hash slot, so one primary has them all, in a Cluster too.
 *
 * The connection breaks when another primary takes over, so that its user notices.
 */
class PrimaryConnector extends AbstractConnector {
  readonly #search: Search;
  readonly #tls: Tls | undefined;
  readonly #family: number;
  #at: Endpoint | undefined;
  #emit: Emit | undefined;
  #unfollow: (() => void) | undefined;
  /** The stream that was last disconnected. */
  #disconnected: Socket | TLSSocket | undefined;
  /** Whether another primary was announced during the search. */
  #moved = false;

  constructor(search: Search, { tls, family, disconnectTimeoutMs }: ConnectorOptions) {
    super(disconnectTimeoutMs);
    this.#search = search;
    this.#tls = tls;
    this.#family = family;
  }

  /** Never rejects: ioredis would then give up. It tries again if it gets a closed stream. */
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
      // TLS can fail twice, and ioredis listens for the first error only. A second one would end the process.
      this.stream.on('error', (error) => {
        this.firstError ??= error;
      });
      if (this.stream instanceof TLSSocket && Array.isArray(this.#tls?.trust)) {
        await shown(this.stream, this.#tls.trust);
      }
      return this.stream;
    } catch (error) {
      this.firstError = error as Error;
      return new Socket().destroy();
    }
  }

  /** Whether the connection is to a primary. The search may be out of date, or a takeover under way. */
  override check({ role }: { readonly role?: string }): boolean {
    if (role !== 'slave' || !this.#at) return true;
    this.#emit?.('error', new Error(`${describeEndpoint(this.#at)} is a replica`));
    return false;
  }

  override disconnect(): void {
    this.connecting = false;
    // ioredis calls this for each reply that makes it reconnect.
    if (this.#disconnected !== this.stream) super.disconnect();
    this.#disconnected = this.stream;
    this.#unfollow?.();
    this.#unfollow = undefined;
  }

  #open({ host, port }: Endpoint): Socket | TLSSocket {
    const to: NetConnectOpts = { host, port, family: this.#family };
    return this.#tls ? openSecurely(to, host, this.#tls) : createConnection(to);
  }

  /** Breaks the connection at once: commands that are under way to the earlier primary would be lost anyway. */
  #move(to: Endpoint): void {
    // Each sentinel announces the same takeover, some later than others.
    if (this.#at && describeEndpoint(to) === describeEndpoint(this.#at)) return;
    this.#moved = true;
    this.stream?.destroy();
  }
}

function openSecurely(to: NetConnectOpts, host: string, { context, trust }: Tls): TLSSocket {
  return connectSecurely({
    ...to,
    ...context,
    // Services choose the certificate by the name, and some also the Redis. An IP address is no name.
    ...(isIP(host) === 0 && { servername: host }),
    rejectUnauthorized: trust === 'authorities',
  });
}

/** Resolves when the other side has shown one of these certificates. ioredis must send nothing before: not the password. */
async function shown(socket: TLSSocket, fingerprints: readonly string[]): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = setTimeout(reject, handshakeTimeoutMs, new Error('connect ETIMEDOUT'));
  socket.once('error', reject).once('close', () => reject(new Error('the connection was closed')));
  socket.once('secureConnect', resolve);
  try {
    await promise;
    const found = socket.getPeerCertificate().fingerprint256.toLowerCase().replaceAll(':', '');
    if (fingerprints.includes(found)) return;
    throw new Error(`its certificate has the fingerprint ${found}, which REDIS_URL does not name`);
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** How to make connections with TLS. */
export interface Tls {
  readonly context: SecureContextOptions;
  readonly trust: TlsAddress['trust'];
}

export interface ConnectorOptions {
  readonly tls: Tls | undefined;
  /** The version of IP: 4 or 6; 0 for both. */
  readonly family: number;
  /** How long an abandoned connection may take to close. */
  readonly disconnectTimeoutMs: number;
}

type Connector = NonNullable<RedisOptions['Connector']>;

/** A class for ioredis's option `Connector`. ioredis makes it with options of its own, which it does not need. */
export function connectorTo(search: Search, options: ConnectorOptions): Connector {
  return class extends PrimaryConnector {
    constructor() {
      super(search, options);
    }
  };
}
