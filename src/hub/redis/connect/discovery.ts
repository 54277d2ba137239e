import { Redis } from 'ioredis';
import { type ConnectorOptions, connectorTo, type Search } from './connector.ts';
import { type Credentials, describeEndpoint, type Endpoint } from './url.ts';

/** How long to wait for one guide. There are others. */
const askTimeoutMs = 1000;
/** How soon to reconnect to a guide that is away, for its announcements. */
const newsRetryMs = 1000;

interface Answer {
  readonly primary: Endpoint;
  /** More guides. */
  readonly others: readonly Endpoint[];
}

/** The protocol of one kind of guide. A guide is a Redis process that knows the primary. */
interface Protocol {
  /** Rejects if this guide does not know the primary. */
  ask(guide: Redis, at: Endpoint): Promise<Answer>;
  /** The channel for takeovers. `read` returns the new primary, or undefined if the message is about another one. */
  readonly news?: { readonly channel: string; read(message: string): Endpoint | undefined };
}

interface Options extends ConnectorOptions {
  readonly credentials: Credentials;
  /** Called if a guide can be reached but refuses a subscription to its announcements. */
  readonly onSubscribeRefused: (at: string, reason: string) => void;
}

/** Finds the primary by its name, with the help of sentinels. */
export function sentinels(endpoints: readonly Endpoint[], options: Options, name: string): Search {
  return new Discovery(endpoints, options, {
    async ask(guide) {
      const reply = await guide.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', name);
      if (!Array.isArray(reply)) throw new Error(`it knows no primary with the name ${JSON.stringify(name)}`);
      return { primary: { host: String(reply[0]), port: Number(reply[1]) }, others: [] };
    },
    news: {
      channel: '+switch-master',
      read(message) {
        const [of, , , host = '', port] = message.split(' ');
        return of === name ? { host, port: Number(port) } : undefined;
      },
    },
  });
}

type NodeReply = readonly [host: string | null, port: number, ...unknown[]];
type RangeReply = readonly [first: number, last: number, primary: NodeReply, ...replicas: NodeReply[]];

/** Finds the primary that has a key, with the help of the cluster nodes. */
export function clusterNodes(endpoints: readonly Endpoint[], options: Options, key: string): Search {
  return new Discovery(endpoints, options, {
    async ask(guide, at) {
      const slot = Number(await guide.cluster('KEYSLOT', key));
      const ranges = (await guide.cluster('SLOTS')) as unknown as readonly RangeReply[];
      // A cluster node that does not know its own address leaves it out: it is the one that was asked.
      const toEndpoint = ([host, port]: NodeReply) => ({ host: host || at.host, port: Number(port) });
      const range = ranges.find(([first, last]) => first <= slot && slot <= last);
      if (!range) throw new Error(`it knows no primary for slot ${slot}`);
      const others = ranges.flatMap(([, , ...nodes]) => nodes.map(toEndpoint));
      return { primary: toEndpoint(range[2]), others };
    },
  });
}

/** Several guides, each of which may be away, or wrong for a while. */
class Discovery implements Search {
  readonly #listed: readonly Endpoint[];
  readonly #options: Options;
  readonly #protocol: Protocol;
  /** The listed guides, and those that a guide last told of. */
  #known: readonly Endpoint[];
  /** The primary that was announced since the last search. Other guides may not know it yet. */
  #announced: Endpoint | undefined;
  /** Each search begins with another guide, because one may be wrong. */
  #turn = 0;

  constructor(listed: readonly Endpoint[], options: Options, protocol: Protocol) {
    this.#listed = listed;
    this.#options = options;
    this.#protocol = protocol;
    this.#known = listed;
  }

  async find(): Promise<Endpoint> {
    const announced = this.#announced;
    this.#announced = undefined;
    if (announced) return announced;
    const known = this.#known;
    const begin = this.#turn++ % known.length;
    const refusals: string[] = [];
    for (const endpoint of [...known.slice(begin), ...known.slice(0, begin)]) {
      try {
        return await this.#ask(endpoint);
      } catch (error) {
        refusals.push(`${describeEndpoint(endpoint)}: ${(error as Error).message}`);
      }
    }
    throw new Error(`nobody knows the primary (${refusals.join('; ')})`);
  }

  follow(moved: (to: Endpoint) => void): () => void {
    const { news } = this.#protocol;
    if (!news) return () => undefined;
    let over = false;
    const listeners = this.#listed.map((endpoint) => {
      const listener = this.#at(endpoint, () => newsRetryMs);
      // If the guide is away, a search logs it.
      listener.on('error', () => undefined);
      listener.on('message', (_channel: string, message: string) => {
        const primary = news.read(message);
        if (!primary) return;
        this.#announced = primary;
        moved(primary);
      });
      // This waits for the connection, and ioredis repeats it after each later one.
      listener.subscribe(news.channel).catch(({ message }: Error) => {
        if (!over) this.#options.onSubscribeRefused(describeEndpoint(endpoint), message);
      });
      return listener;
    });
    return () => {
      over = true;
      for (const listener of listeners) listener.disconnect();
    };
  }

  async #ask(endpoint: Endpoint): Promise<Endpoint> {
    const guide = this.#at(endpoint, () => null);
    let reason: Error | undefined;
    guide.on('error', (error: Error) => {
      reason ??= error;
    });
    try {
      await guide.connect();
      const { primary, others } = await this.#protocol.ask(guide, endpoint);
      const known = [...this.#listed, ...others].map((each) => [describeEndpoint(each), each] as const);
      this.#known = [...new Map(known).values()];
      return primary;
    } catch (error) {
      // If the connection was refused, `error` only says that it is closed. The reason came before.
      throw reason ?? error;
    } finally {
      guide.disconnect();
    }
  }

  #at(endpoint: Endpoint, retryStrategy: () => number | null): Redis {
    const { tls, credentials } = this.#options;
    return new Redis({
      ...credentials,
      ...(tls && { tls: tls.context }),
      Connector: connectorTo({ find: async () => endpoint }, this.#options),
      retryStrategy,
      lazyConnect: true,
      disableClientInfo: true,
      enableReadyCheck: false,
      connectTimeout: askTimeoutMs,
      commandTimeout: askTimeoutMs,
      maxRetriesPerRequest: null,
    });
  }
}
