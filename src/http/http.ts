import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import type { Engine } from '../graphql/engine.ts';
import { sendJson, sendRefusal } from './answer.ts';
import { Bodies } from './body.ts';
import { answerGraphQL, type GraphQLOptions } from './graphql.ts';
import { answerHealth, answerReady } from './health.ts';
import { Refusal, wrongMethod } from './refusal.ts';

export interface HttpOptions {
  readonly engine: Engine;
  readonly log: Logger;
  /** Between two comments on a quiet stream. */
  readonly pingSeconds: number;
  readonly maxDataBytes: number;
  /** How many streams the hub holds, each of which has a connection. */
  readonly maxStreams: number;
  /** Whether the server is to be sent requests. */
  readonly ready: () => boolean;
}

export interface Http {
  /** Not listening yet. */
  readonly server: Server;
  /** Takes no more connections, and resolves when those that are open have ended, or were made to. */
  close(): Promise<void>;
}

/** How long a client has to send its headers, and then all of its request, in milliseconds. */
const headersTimeout = 10_000;
const requestTimeout = 30_000;
/** How often it is looked for clients that took longer. */
const connectionsCheckingInterval = 5_000;
/** When a connection is cut on which nothing moves, as where an answer is not read: once to twice that. */
const stillTimeout = 30_000;
/** Beside one for each stream: what load balancers keep open for calls, and browsers. */
const callConnections = 10_000;
/** Longer than the 60 seconds of usual load balancers: the side that sends requests is to close first. */
const keepAliveTimeout = 65_000;
/** When TCP begins to ask a silent client whether it is still there. */
const keepAliveInitialDelay = 30_000;

/** Between two looks for connections that have become idle while the server closes. */
const sweepMs = 50;
/** How long the requests in flight have when the server closes. */
const closeMs = 5_000;

/** The HTTP side of the server: routes, and the life of its connections. */
export function createHttp({ engine, log, pingSeconds, maxDataBytes, maxStreams, ready }: HttpOptions): Http {
  const options: GraphQLOptions = {
    engine,
    log,
    pingMs: pingSeconds * 1000,
    // Data may be a JSON string in a JSON string, which doubles its quotes twice; the rest is the query.
    bodies: new Bodies(4 * maxDataBytes + 64 * 1024),
  };
  const server = createServer({
    headersTimeout,
    requestTimeout,
    connectionsCheckingInterval,
    keepAliveTimeout,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay,
  });
  server.timeout = stillTimeout;
  // Beyond it one is closed as soon as it is there.
  server.maxConnections = maxStreams + callConnections;

  server.on('request', (req: IncomingMessage, res: ServerResponse) => {
    if (log.isLevelEnabled('debug')) logWhenAnswered(req, res, log);
    route(req, res, options, ready).catch((error: unknown) => answerError(res, error, log));
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    // One that has gone, or was too slow, has broken no rule.
    const level = error.code?.startsWith('HPE_') ? 'warn' : 'debug';
    log[level]({ code: error.code }, 'a connection of HTTP failed');
    answerClientError(error, socket);
  });
  return { server, close: () => close(server) };
}

async function route(
  req: IncomingMessage,
  res: ServerResponse,
  options: GraphQLOptions,
  ready: () => boolean,
): Promise<void> {
  const { path, search } = splitUrl(req);
  switch (path) {
    case '/graphql':
      return answerGraphQL(req, res, search, options);
    case '/health':
      checkReads(req);
      return answerHealth(res);
    case '/ready':
      checkReads(req);
      return answerReady(res, ready());
    case '/':
      checkReads(req);
      res.writeHead(302, { Location: '/graphql', 'Content-Length': 0 }).end();
      return;
    default:
      throw new Refusal(404, 'There is nothing here: the API is at `/graphql`.');
  }
}

function splitUrl({ url = '' }: IncomingMessage): { path: string; search: string } {
  const mark = url.indexOf('?');
  const path = mark < 0 ? url : url.slice(0, mark);
  const search = mark < 0 ? '' : url.slice(mark + 1);
  return { path: path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path, search };
}

function checkReads({ method }: IncomingMessage): void {
  if (method !== 'GET' && method !== 'HEAD') throw wrongMethod('GET, HEAD');
}

function answerError(res: ServerResponse, error: unknown, log: Logger): void {
  if (!(error instanceof Refusal)) log.error({ err: error }, 'a request failed');
  if (res.headersSent) res.destroy();
  else if (error instanceof Refusal) sendRefusal(res, error);
  else sendJson(res, 500, 'application/json', unexpected);
}

const unexpected = JSON.stringify({
  errors: [{ message: 'Unexpected error.', extensions: { code: 'INTERNAL_SERVER_ERROR' } }],
});

/** Says on a raw socket what was wrong, where nothing has been said on it yet: it might be mid-answer. */
function answerClientError(error: NodeJS.ErrnoException, socket: Duplex): void {
  const silent = 'bytesWritten' in socket && socket.bytesWritten === 0;
  if (!silent || !socket.writable) {
    socket.destroy();
    return;
  }
  const status = clientErrorStatus(error.code);
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`, () => socket.destroy());
}

function clientErrorStatus(code: string | undefined): string {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return '431 Request Header Fields Too Large';
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return '408 Request Timeout';
    default:
      return '400 Bad Request';
  }
}

/** The path alone: a query string may hold a token. */
function logWhenAnswered(req: IncomingMessage, res: ServerResponse, log: Logger): void {
  const since = performance.now();
  const { method } = req;
  const { path } = splitUrl(req);
  res.once('close', () => {
    log.debug({ method, path, status: res.statusCode, ms: Math.round(performance.now() - since) }, 'request');
  });
}

async function close(server: Server): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  // Called back with an error where it was not listening: then it is closed as well.
  server.close(() => resolve());
  // A connection that becomes idle now would else be kept for its next request.
  const sweeper = setInterval(() => server.closeIdleConnections(), sweepMs);
  const limit = setTimeout(() => server.closeAllConnections(), closeMs);
  await promise;
  clearInterval(sweeper);
  clearTimeout(limit);
}
