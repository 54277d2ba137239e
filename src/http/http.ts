import { createServer, type Server, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { httpFaults } from '../errors.ts';
import { httpBounds } from './bounds.ts';
import { HttpError } from './http-error.ts';
import { Listeners } from './listeners.ts';
import { type HttpOptions, Requests } from './requests.ts';

export type { HttpOptions } from './requests.ts';

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
  const { log } = options;
  const bounds = { ...httpBounds(options), ...options.bounds };
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

  const requests = new Requests(options, bounds, listeners);
  const { connections, refusals } = requests;
  server.on('connection', (socket: Socket) => connections.accept(socket));
  server.on('error', (error: NodeJS.ErrnoException) => {
    // `listen` reports an error of listening. A later error is of a connection that could not be accepted.
    if (server.listening) refusals.note('warn', 'connections refused', error.code ?? 'unknown');
  });
  server.on('drop', () => refusals.note('warn', 'connections refused', 'all'));
  server.on('request', (req, res) => requests.begin(req, res));
  server.on('checkExpectation', (req, res) => {
    requests.begin(req, res, async () => {
      throw new HttpError(httpFaults.expectation);
    });
  });
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
      requests.stop();
    },
  };
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
