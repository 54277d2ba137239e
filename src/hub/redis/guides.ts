import { Redis } from 'ioredis';
import { type ConnectorOptions, connectorTo, type Search } from './primary.ts';
import { type Credentials, describeEndpoint, type Endpoint } from './url.ts';

/** One guide is not waited for longer, since there are others. */
const askTimeoutMs = 1000;
/** How soon a guide that is away is tried again, to hear its news. */
const newsRetryMs = 1000;

interface Answer {
  readonly primary: Endpoint;
  /** Who else can be asked. */
  readonly others: readonly Endpoint[];
}

/** How they are talked to. */
interface Language {
  /** Rejects where this guide does not know the primary. */
  ask(guide: Redis, at: Endpoint): Promise<Answer>;
  /** Where they announce another primary, and what a message there says: undefined, where it is of others. */
  readonly news?: { readonly channel: string; read(message: string): Endpoint | undefined };
}

interface Options extends ConnectorOptions {
  readonly credentials: Credentials;
  /** Told where one that can be reached does not let its news be heard. */
  readonly onDeaf: (at: string, reason: string) => void;
}

/** Sentinels, which know the primary by a name. */
export function sentinels(endpoints: readonly Endpoint[], options: Options, name: string): Search {
  return new Guides(endpoints, options, {
    async ask(guide) {
      const reply = await guide.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', name);
      if (!Array.isArray(reply)) throw new Error(`it knows no primary of the name ${JSON.stringify(name)}`);
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

/** The nodes of a Cluster, which know the primary that has a key. */
export function clusterNodes(endpoints: readonly Endpoint[], options: Options, key: string): Search {
  return new Guides(endpoints, options, {
    async ask(guide, at) {
      const slot = Number(await guide.cluster('KEYSLOT', key));
      const ranges = (await guide.cluster('SLOTS')) as unknown as readonly RangeReply[];
      // A node that does not know its own address gives none: it is the one that was asked.
      const toEndpoint = ([host, port]: NodeReply) => ({ host: host || at.host, port: Number(port) });
      const range = ranges.find(([first, last]) => first <= slot && slot <= last);
      if (!range) throw new Error(`it knows nobody who has slot ${slot}`);
      const others = ranges.flatMap(([, , ...nodes]) => nodes.map(toEndpoint));
      return { primary: toEndpoint(range[2]), others };
    },
  });
}

/** Several that know the primary, any of which may be away, or wrong for a while. */
class Guides implements Search {
  readonly #listed: readonly Endpoint[];
  readonly #options: Options;
  readonly #language: Language;
  /** Those that were listed, and those that a guide told of last. */
  #known: readonly Endpoint[];
  /** Heard since the last search: others may not know yet. */
  #announced: Endpoint | undefined;
  /** Each search begins with another, as one may be wrong. */
  #turn = 0;

  constructor(listed: readonly Endpoint[], options: Options, language: Language) {
    this.#listed = listed;
    this.#options = options;
    this.#language = language;
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
    const { news } = this.#language;
    if (!news) return () => undefined;
    let over = false;
    const listeners = this.#listed.map((endpoint) => {
      const listener = this.#at(endpoint, () => newsRetryMs);
      // That a guide is away is said where it is asked.
      listener.on('error', () => undefined);
      listener.on('message', (_channel: string, message: string) => {
        const primary = news.read(message);
        if (!primary) return;
        this.#announced = primary;
        moved(primary);
      });
      // Waits for the connection, and is done again with each later one.
      listener.subscribe(news.channel).catch(({ message }: Error) => {
        if (!over) this.#options.onDeaf(describeEndpoint(endpoint), message);
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
      const { primary, others } = await this.#language.ask(guide, endpoint);
      const known = [...this.#listed, ...others].map((each) => [describeEndpoint(each), each] as const);
      this.#known = [...new Map(known).values()];
      return primary;
    } catch (error) {
      // Where the connection was refused, the error only says that it is closed; the reason came before.
      throw reason ?? error;
    } finally {
      guide.disconnect();
    }
  }

  #at(endpoint: Endpoint, retryStrategy: () => number | null): Redis {
    const { tls, credentials } = this.#options;
    return new Redis({
      ...credentials,
      ...(tls && { tls }),
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
