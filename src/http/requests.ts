import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import { httpFaults } from '../errors.ts';
import type { Engine } from '../graphql/engine.ts';
import type { Meters } from '../limits/account.ts';
import type { Monitor } from '../monitor.ts';
import type { NodeSign } from './ask-ready.ts';
import type { BoundsOptions, HttpBounds } from './bounds.ts';
import { Connections } from './connections.ts';
import { Cors } from './cors.ts';
import { GraphQLRoute } from './graphql.ts';
import { answerHealth, answerReady } from './health.ts';
import { hostCheck } from './hosts.ts';
import { checkReads, HttpError } from './http-error.ts';
import { negotiate } from './negotiate.ts';
import { Pages } from './pages.ts';
import { Refusals } from './refusals.ts';
import { sendError } from './respond.ts';
import { Standstill } from './standstill.ts';
import { below, linkFrom, targetOf } from './target.ts';

export interface HttpOptions extends BoundsOptions {
  readonly engine: Engine;
  readonly log: Logger;
  /** The interval of the pings on a stream, in seconds. */
  readonly pingSeconds: number;
  /** The address to listen on. On a loopback address, the server checks the header `Host`. `0.0.0.0` by default. */
  readonly host?: string;
  /** The path that all routes are below. `/` by default. */
  readonly basePath?: string;
  /** The origins whose pages may call the API. `*` by default. */
  readonly corsOrigins?: '*' | readonly string[];
  /** What addresses may ask for. By default, HTTP meters nothing. */
  readonly meters?: Meters;
  /** Whether a browser gets GraphiQL. True by default. */
  readonly graphiql?: boolean;
  /** Replaces some of the bounds, for tests. */
  readonly bounds?: Partial<HttpBounds>;
  /** Whether a load balancer should send requests to this node. */
  readonly ready: () => boolean;
  /** Counts what is refused. */
  readonly monitor?: Monitor | undefined;
  /** How this node presents itself to other nodes. Absent if there are none. */
  readonly sign?: (() => NodeSign) | undefined;
}

/** The responses of a server: when they may begin, and which are not sent yet. */
export interface Responses {
  /** Each request waits for this before it is answered. Undefined if it need not wait. */
  readonly held: Promise<void> | undefined;
  /** Called for each request, before it is answered. */
  track(res: ServerResponse): void;
}

type Work = (req: IncomingMessage, res: ServerResponse) => Promise<void>;

/** Answers the requests that a server has received, ours or somebody else's. */
export class Requests {
  readonly connections: Connections;
  readonly refusals: Refusals;
  readonly #options: HttpOptions;
  readonly #responses: Responses;
  readonly #cors: Cors;
  readonly #checkHost: (req: IncomingMessage) => void;
  readonly #standstill = new Standstill();
  readonly #graphql: GraphQLRoute;
  readonly #pages: Pages;

  constructor(options: HttpOptions, bounds: HttpBounds, responses: Responses) {
    const { engine, log, pingSeconds, maxStreams, trustProxy } = options;
    const { host = '0.0.0.0', corsOrigins = '*', graphiql = true } = options;
    this.#options = options;
    this.#responses = responses;
    this.refusals = new Refusals(log, options.monitor);
    this.connections = new Connections({ refusals: this.refusals, bounds: bounds.connections, trustProxy });
    this.#cors = new Cors(corsOrigins);
    this.#checkHost = hostCheck(host);
    this.#pages = new Pages({ graphiql });
    this.#graphql = new GraphQLRoute({
      engine,
      log,
      refusals: this.refusals,
      pingMs: pingSeconds * 1000,
      maxStreams,
      bounds,
      connections: this.connections,
      cors: this.#cors,
      meters: options.meters,
      pages: this.#pages,
      standstill: this.#standstill,
    });
  }

  /** Does the work for a request, once the one before it on its connection is answered. Answers what it throws. */
  begin(req: IncomingMessage, res: ServerResponse, work: Work = this.#answer): void {
    const { log } = this.#options;
    this.connections.begin(req, res, () => {
      if (log.isLevelEnabled('debug')) logWhenAnswered(req, res, log);
      this.#responses.track(res);
      this.#cors.allow(req, res);
      work(req, res).catch((error: unknown) => this.refuse(res, error));
    });
  }

  /** Whether something may be at this path below the base path. */
  has(place: string): boolean {
    return ['/graphql', '/health', '/ready'].includes(place) || this.#pages.has(place);
  }

  /** Answers a request that failed. */
  refuse(res: ServerResponse, error: unknown): void {
    if (error instanceof HttpError && error.status === 503) {
      this.refusals.note('warn', 'requests refused', error.reason);
    }
    sendError(res, error, this.#options.log);
  }

  stop(): void {
    this.connections.stop();
    this.refusals.close();
    this.#standstill.stop();
  }

  readonly #answer: Work = async (req, res) => {
    if (this.#responses.held) await this.#responses.held;
    if (req.headers.host === undefined && req.httpVersion === '1.1')
      throw new HttpError(httpFaults.hostMissing);
    this.#checkHost(req);
    await this.#route(req, res);
  };

  async #route(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const { basePath = '/', ready, sign } = this.#options;
    const { path, search } = targetOf(req);
    const place = below(basePath, path);
    switch (place) {
      case '/health':
        checkReads(req);
        answerHealth(res);
        return;
      case '/ready':
        checkReads(req);
        answerReady(res, ready(), sign?.());
        return;
    }
    if (this.connections.isRefused(req)) throw new HttpError(httpFaults.tooManyConnections);
    switch (place) {
      case '/graphql':
        return this.#graphql.answer(req, res, search);
      case '/':
        checkReads(req);
        if (negotiate(req.headers.accept).page && (await this.#pages.answer(req, res, place))) return;
        res.writeHead(302, { Location: linkFrom(req, 'graphql'), 'Content-Length': 0, Vary: 'Accept' }).end();
        return;
      default:
        if (place !== undefined && this.#pages.has(place)) {
          checkReads(req);
          if (await this.#pages.answer(req, res, place)) return;
        }
        throw new HttpError(httpFaults.notFound(`${basePath === '/' ? '' : basePath}/graphql`));
    }
  }
}

/** Logs the path without the query string, which may contain a token. */
function logWhenAnswered(req: IncomingMessage, res: ServerResponse, log: Logger): void {
  const since = performance.now();
  const { method } = req;
  const { path } = targetOf(req);
  res.once('close', () => {
    log.debug({ method, path, status: res.statusCode, ms: Math.round(performance.now() - since) }, 'request');
  });
}
