import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
  STATUS_CODES,
} from 'node:http';
import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import { httpFaults } from '../errors.ts';
import type { Engine } from '../graphql/engine.ts';
import { Sampled } from '../sampled.ts';
import type { NodeSign } from './ask-ready.ts';
import { Bodies } from './body.ts';
import { Cors } from './cors.ts';
import { answerGraphQL, type GraphQLOptions } from './graphql.ts';
import { answerHealth, answerReady } from './health.ts';
import { hostCheck } from './hosts.ts';
import { HttpError } from './http-error.ts';
import { Listeners } from './listeners.ts';
import { sendError } from './respond.ts';
import { Standstill } from './standstill.ts';
import { below, linkFrom, targetOf } from './target.ts';

export interface HttpOptions {
  readonly engine: Engine;
  readonly log: Logger;
  /** The interval of the pings on a stream, in seconds. */
  readonly pingSeconds: number;
  readonly maxDataBytes: number;
  /** The most streams that the hub holds. Each stream has a connection. */
  readonly maxStreams: number;
  /** Where the server listens: on a loopback address, it checks the host that a request names. `0.0.0.0` by default. */
  readonly host?: string;
  /** The path that all routes are below. `/` by default. */
  readonly basePath?: string;
  /** The origins whose pages may call the API. `*` by default. */
  readonly corsOrigins?: '*' | readonly string[];
  /** Whether a browser gets GraphiQL. True by default. */
  readonly graphiql?: boolean;
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
/** The most connections beyond one for each stream: those of browsers, and those that load balancers keep open. */
const maxCallConnections = 10_000;
/** Longer than the 60 seconds of common load balancers. If this side closed first, it could miss a request on its way. */
const keepAliveTimeoutMs = 65_000;
/** When TCP starts to ask a silent client whether it is still there. */
const tcpProbeDelayMs = 30_000;

/** The HTTP side of the server: its routes, and the lives of its connections. */
export function createHttp(httpOptions: HttpOptions): Http {
  const { engine, log, pingSeconds, maxDataBytes, maxStreams } = httpOptions;
  const { host = '0.0.0.0', basePath = '/', corsOrigins = '*', graphiql = true } = httpOptions;
  const cors = new Cors(corsOrigins);
  const checkHost = hostCheck(host);
  const standstill = new Standstill();
  const options: GraphQLOptions = {
    engine,
    log,
    pingMs: pingSeconds * 1000,
    // Allows for escapes, which can take four times the bytes of `data`, and for a query of 64 KiB.
    bodies: new Bodies(4 * maxDataBytes + 64 * 1024),
    cors,
    graphiql,
    standstill,
  };
  const socketOptions = { noDelay: true, keepAlive: true, keepAliveInitialDelay: tcpProbeDelayMs };
  const server = createServer({
    headersTimeout: headersTimeoutMs,
    requestTimeout: requestTimeoutMs,
    connectionsCheckingInterval: timeoutCheckIntervalMs,
    keepAliveTimeout: keepAliveTimeoutMs,
    ...socketOptions,
  });
  server.timeout = idleTimeoutMs;
  // Node.js closes the connections beyond this as soon as they open.
  server.maxConnections = maxStreams + maxCallConnections;

  const listeners = new Listeners(server, socketOptions);

  server.on('request', (req: IncomingMessage, res: ServerResponse) => {
    if (log.isLevelEnabled('debug')) logWhenAnswered(req, res, log);
    listeners.track(res);
    cors.allow(req, res);
    const answer = async () => {
      if (listeners.held) await listeners.held;
      checkHost(req);
      await route(req, res, basePath, options, httpOptions);
    };
    answer().catch((error: unknown) => sendError(res, error, log));
  });
  const malformed = new Sampled<string>((count, code) =>
    log.warn({ code, count }, 'an HTTP connection failed'),
  );
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    // HPE: the parser found a violation of HTTP. A client that left or was too slow is normal.
    if (error.code?.startsWith('HPE_')) malformed.note(error.code);
    else log.debug({ code: error.code }, 'an HTTP connection failed');
    answerClientError(error, socket);
  });
  return {
    server,
    listeners,
    close: async () => {
      await listeners.close();
      malformed.close();
      standstill.stop();
    },
  };
}

async function route(
  req: IncomingMessage,
  res: ServerResponse,
  basePath: string,
  options: GraphQLOptions,
  { ready, sign }: HttpOptions,
): Promise<void> {
  const { path, search } = targetOf(req);
  switch (below(basePath, path)) {
    case '/graphql':
      return answerGraphQL(req, res, search, options);
    case '/health':
      checkReads(req);
      return answerHealth(res);
    case '/ready':
      checkReads(req);
      return answerReady(res, ready(), sign?.());
    case '/':
      checkReads(req);
      res.writeHead(302, { Location: linkFrom(req, 'graphql'), 'Content-Length': 0 }).end();
      return;
    default:
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
