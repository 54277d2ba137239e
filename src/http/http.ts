import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
  STATUS_CODES,
} from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import { httpFaults } from '../errors.ts';
import type { Engine } from '../graphql/engine.ts';
import type { Meters } from '../limits/account.ts';
import type { NodeSign } from './ask-ready.ts';
import { type BoundsOptions, type HttpBounds, httpBounds } from './bounds.ts';
import { Connections } from './connections.ts';
import { Cors } from './cors.ts';
import { GraphQLRoute } from './graphql.ts';
import { answerHealth, answerReady } from './health.ts';
import { hostCheck } from './hosts.ts';
import { HttpError } from './http-error.ts';
import { Listeners } from './listeners.ts';
import { negotiate } from './negotiate.ts';
import { isPage, Pages } from './pages.ts';
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
  /** How this node presents itself to other nodes. Absent if there are none. */
  readonly sign?: (() => NodeSign) | undefined;
}

export interface Http {
  /** Does not listen yet. */
  readonly server: Server;
  /** The server's other listeners, and the end of its connections. */
  readonly listeners: Listeners;
  /** Accepts no more connections. Resolves when all open connections have ended, or were destroyed. */
  close(): Promise<void>;
}

/** How long a client may take to send its headers, and to send all of its request, in milliseconds. */
const headersTimeoutMs = 10_000;
const requestTimeoutMs = 30_000;
/** How often to check for clients past these timeouts. */
const timeoutCheckIntervalMs = 5_000;
/**
 * How long nothing may move on a connection, for example because the client does not read its answer. Node.js cuts
 * the connection after one to two times this.
 */
const idleTimeoutMs = 30_000;
/** How many connections may be closing at a time. Linux hands over up to some 4,000 new ones at once. */
const maxClosing = 4096;
/** Longer than the 60 s of common load balancers. If this side closed first, a request on its way could be lost. */
const keepAliveTimeoutMs = 65_000;
/** When TCP starts to ask a silent client whether it is still there. */
const tcpProbeDelayMs = 30_000;

/** The HTTP side of the server: its routes, and the lives of its connections. */
export function createHttp(options: HttpOptions): Http {
  const { engine, log, pingSeconds, maxStreams, trustProxy } = options;
  const { host = '0.0.0.0', corsOrigins = '*', graphiql = true } = options;
  const bounds = { ...httpBounds(options), ...options.bounds };
  const refusals = new Refusals(log);
  const connections = new Connections({ refusals, bounds: bounds.connections, trustProxy });
  const cors = new Cors(corsOrigins);
  const checkHost = hostCheck(host);
  const standstill = new Standstill();
  const pingMs = pingSeconds * 1000;
  const graphql = new GraphQLRoute({
    engine,
    log,
    refusals,
    pingMs,
    maxStreams,
    bounds,
    connections,
    cors,
    meters: options.meters,
    graphiql,
    standstill,
  });
  const pages = new Pages();
  const routes = { ...options, graphql, connections, pages };
  const socketOptions = { noDelay: true, keepAlive: true, keepAliveInitialDelay: tcpProbeDelayMs };
  const server = createServer({
    headersTimeout: headersTimeoutMs,
    requestTimeout: requestTimeoutMs,
    connectionsCheckingInterval: timeoutCheckIntervalMs,
    keepAliveTimeout: keepAliveTimeoutMs,
    // Node.js would answer such a request by itself, before it is its turn.
    requireHostHeader: false,
    ...socketOptions,
  });
  server.timeout = idleTimeoutMs;
  // Node.js closes the connections beyond this as soon as they open. Those that are being closed count too.
  server.maxConnections = bounds.connections.maxConnections + bounds.connections.maxReserve + maxClosing;

  const listeners = new Listeners(server, socketOptions);

  const answer = async (req: IncomingMessage, res: ServerResponse) => {
    if (listeners.held) await listeners.held;
    if (req.headers.host === undefined && req.httpVersion === '1.1')
      throw new HttpError(httpFaults.hostMissing);
    checkHost(req);
    await route(req, res, routes);
  };
  const begin = (work: typeof answer) => (req: IncomingMessage, res: ServerResponse) => {
    connections.begin(req, res, () => {
      if (log.isLevelEnabled('debug')) logWhenAnswered(req, res, log);
      listeners.track(res);
      cors.allow(req, res);
      work(req, res).catch((error: unknown) => {
        if (error instanceof HttpError && error.status === 503) {
          refusals.note('warn', 'requests refused', error.reason);
        }
        sendError(res, error, log);
      });
    });
  };
  server.on('connection', (socket: Socket) => connections.accept(socket));
  server.on('error', (error: NodeJS.ErrnoException) => {
    // `listen` reports an error of listening. A later error is of a connection that could not be accepted.
    if (server.listening) refusals.note('warn', 'connections refused', error.code ?? 'unknown');
  });
  server.on('drop', () => refusals.note('warn', 'connections refused', 'all'));
  server.on('request', begin(answer));
  server.on(
    'checkExpectation',
    begin(async () => {
      throw new HttpError(httpFaults.expectation);
    }),
  );
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    // HPE: the parser found a violation of HTTP. A client that left or was too slow is normal.
    if (error.code?.startsWith('HPE_')) refusals.note('warn', 'an HTTP connection failed', error.code);
    else log.debug({ code: error.code }, 'an HTTP connection failed');
    if (!connections.fail(socket as Socket)) answerClientError(error, socket);
  });
  return {
    server,
    listeners,
    close: async () => {
      await listeners.close();
      connections.stop();
      refusals.close();
      standstill.stop();
    },
  };
}

interface Routes extends HttpOptions {
  readonly graphql: GraphQLRoute;
  readonly connections: Connections;
  readonly pages: Pages;
}

async function route(req: IncomingMessage, res: ServerResponse, routes: Routes): Promise<void> {
  const { basePath = '/', graphql, connections, pages, ready, sign } = routes;
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
  if (connections.isRefused(req)) throw new HttpError(httpFaults.tooManyConnections);
  switch (place) {
    case '/graphql':
      return graphql.answer(req, res, search);
    case '/':
      checkReads(req);
      if (negotiate(req.headers.accept).page && (await pages.answer(req, res, place))) return;
      res.writeHead(302, { Location: linkFrom(req, 'graphql'), 'Content-Length': 0, Vary: 'Accept' }).end();
      return;
    default:
      if (place !== undefined && isPage(place)) {
        checkReads(req);
        if (await pages.answer(req, res, place)) return;
      }
      throw new HttpError(httpFaults.notFound(`${basePath === '/' ? '' : basePath}/graphql`));
  }
}

function checkReads({ method }: IncomingMessage): void {
  if (method !== 'GET' && method !== 'HEAD') throw new HttpError(httpFaults.methodNotAllowed('GET, HEAD'));
}

/**
 * Answers a request that Node.js could not parse or did not get in time. It has no response object, only the
 * socket. If an answer has begun on the socket, the socket is destroyed: this text would end up inside that answer.
 */
function answerClientError(error: NodeJS.ErrnoException, socket: Duplex): void {
  const nothingSent = 'bytesWritten' in socket && socket.bytesWritten === 0;
  if (!nothingSent || !socket.writable) {
    socket.destroy();
    return;
  }
  const status = clientErrorStatus(error.code);
  const line = `HTTP/1.1 ${status} ${STATUS_CODES[status]}`;
  socket.end(`${line}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`, () => socket.destroy());
}

function clientErrorStatus(code: string | undefined): number {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return 431;
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return 408;
    default:
      return 400;
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
