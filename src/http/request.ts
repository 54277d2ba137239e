import type { IncomingMessage, ServerResponse } from 'node:http';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { httpFaults } from '../errors.ts';
import type { Credentials } from '../graphql/context.ts';
import type { Params } from '../graphql/engine.ts';
import type { Bodies } from './body.ts';
import { HttpError } from './http-error.ts';
import { type Accepted, isUtf8 } from './negotiate.ts';
import { parametersOfBody, parametersOfQuery, parseSearch, single } from './parameters.ts';
import type { Standstill } from './standstill.ts';

/** A GraphQL request over HTTP, read and checked as far as HTTP goes. */
export interface GraphQLRequest {
  readonly method: 'GET' | 'POST';
  readonly parameters: Params;
  readonly credentials: Credentials;
  /** Whether the client takes a stream, and is still there to read it. */
  readonly takesEvents: boolean;
}

/** Whether this is a GET that accepts event streams only, as an EventSource sends it. A wildcard counts as JSON. */
export function isEventSource({ method }: IncomingMessage, accepted: Accepted): boolean {
  return method === 'GET' && accepted.stream === 'text/event-stream' && !accepted.json;
}

/**
 * Reads a GET or a POST. `search` is the query string of its URL. The request counts for `address`. Returns undefined
 * if the client went away: it may have gone on at another node, and this request must not undo that (G2). Throws an
 * `HttpError` if the request is malformed, or if the client accepts no form that the server has.
 */
export async function readRequest(
  req: IncomingMessage,
  res: ServerResponse,
  search: string,
  accepted: Accepted,
  address: string,
  bodies: Bodies,
  standstill: Standstill,
): Promise<GraphQLRequest | undefined> {
  if (!accepted.json && !accepted.stream) throw new HttpError(httpFaults.notAcceptable);
  const request =
    req.method === 'POST' ? await readPost(req, res, address, bodies) : readGet(req, search, accepted);
  if (!request) return undefined;
  if (req.socket.destroyed) return undefined;
  // The rest takes two turns of the event loop, so calls skip it unless the process has just stood still.
  if (!accepted.stream && !standstill.recent) return { ...request, takesEvents: false };
  await endOfConnection();
  if (req.socket.destroyed) return undefined;
  const { readableEnded } = req.socket;
  // A client that closed its side while this process stood still may have gone on at another node.
  if (readableEnded && standstill.recent) return undefined;
  // Any other client that closed its side may wait for an answer, unless it asked for a stream. Then it counts as gone:
  // a stream that opens here would end the one that it may now have on another node.
  return { ...request, takesEvents: accepted.stream !== undefined && !readableEnded };
}

async function readPost(req: IncomingMessage, res: ServerResponse, address: string, bodies: Bodies) {
  checkContentType(req);
  const text = await bodies.read(req, res, address);
  if (text === undefined) return undefined;
  const parameters = parametersOfBody(text);
  return { method: 'POST' as const, parameters, credentials: credentialsOf(req) };
}

function readGet(req: IncomingMessage, search: string, accepted: Accepted) {
  const parsed = parseSearch(search);
  const { token, lastEventId } = credentialsOf(req);
  // An EventSource can set no header. Any other client can set them, and tokens do not belong into URLs.
  const tokenOfUrl = isEventSource(req, accepted) ? single(parsed, 'access_token') : undefined;
  const credentials = { token: token ?? tokenOfUrl, lastEventId: lastEventId ?? lastEventIdOf(parsed) };
  return { method: 'GET' as const, parameters: parametersOfQuery(parsed), credentials };
}

/** The token and the cursor in the headers of a request. */
function credentialsOf(req: IncomingMessage): Credentials {
  const bearer = /^Bearer +(\S+) *$/i.exec(req.headers.authorization ?? '');
  const lastEventId = req.headers['last-event-id'];
  return {
    token: bearer?.[1],
    lastEventId: typeof lastEventId === 'string' && lastEventId !== '' ? lastEventId : undefined,
  };
}

/** The cursor that polyfills of EventSource put into the URL: many of them cannot set the header. */
function lastEventIdOf(search: URLSearchParams): string | undefined {
  return single(search, 'lastEventId') ?? single(search, 'last_event_id');
}

/**
 * Resolves when the end of the connection is read, if the client closed its side right after its request. A process
 * that was halted for a while finds both when it goes on, and Node.js reads the end one turn of the event loop
 * after the request.
 */
async function endOfConnection(): Promise<void> {
  await nextTurn();
  await nextTurn();
}

/**
 * Accepts JSON only. A page may send the content types of a form to any site without a preflight, so they are
 * refused.
 */
function checkContentType({ headers }: IncomingMessage): void {
  if (!isJsonInUtf8(headers['content-type'])) throw new HttpError(httpFaults.notJsonContent);
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') throw new HttpError(httpFaults.compressedBody);
}

/** The most parts of a content type that are read. */
const maxParts = 8;

function isJsonInUtf8(header: string | undefined): boolean {
  if (header === 'application/json') return true;
  const [type, ...params] = (header ?? '').split(';', maxParts).map((part) => part.trim().toLowerCase());
  const charset = params.find((param) => param.startsWith('charset='));
  return type === 'application/json' && (!charset || isUtf8(charset.slice('charset='.length)));
}
