import type { IncomingMessage } from 'node:http';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { httpFaults } from '../errors.ts';
import type { Credentials } from '../graphql/context.ts';
import type { Params } from '../graphql/engine.ts';
import type { Bodies } from './body.ts';
import { HttpError } from './http-error.ts';
import { type Accepted, isUtf8, negotiate } from './negotiate.ts';
import { parametersOfBody, parametersOfQuery, parseSearch, single } from './parameters.ts';

/** A GraphQL request over HTTP, read and checked as far as HTTP goes. */
export interface GraphQLRequest {
  readonly method: 'GET' | 'POST';
  readonly parameters: Params;
  readonly credentials: Credentials;
  /** The forms of a response that the client accepts: JSON, an event stream, or both. */
  readonly accepted: Accepted;
}

/**
 * Reads a GET or a POST. `search` is the query string of its URL. Returns undefined if the client went away.
 * Throws an `HttpError` if the request is malformed, or if the client accepts no form that the server has.
 */
export async function readRequest(
  req: IncomingMessage,
  search: string,
  bodies: Bodies,
): Promise<GraphQLRequest | undefined> {
  const accepted = negotiate(req.headers.accept);
  if (!accepted.json && !accepted.events) throw new HttpError(httpFaults.notAcceptable);
  const request = req.method === 'POST' ? await readPost(req, bodies) : readGet(req, search, accepted);
  if (!request) return undefined;
  // If the client is gone, opening a stream here would end the one it now has on another node.
  if (accepted.events && (await hasLeft(req))) return undefined;
  return { ...request, accepted };
}

async function readPost(req: IncomingMessage, bodies: Bodies) {
  checkContentType(req);
  const text = await bodies.read(req);
  if (text === undefined) return undefined;
  const parameters = parametersOfBody(text);
  return { method: 'POST' as const, parameters, credentials: credentialsOf(req) };
}

function readGet(req: IncomingMessage, search: string, accepted: Accepted) {
  const parsed = parseSearch(search);
  // An EventSource accepts event streams only. A client that accepts JSON too can set headers.
  const isEventSource = accepted.events && !accepted.json;
  const credentials = credentialsOf(req, isEventSource ? parsed : undefined);
  return { method: 'GET' as const, parameters: parametersOfQuery(parsed), credentials };
}

/**
 * The token and the cursor of a request. `search` is given only for a GET that accepts event streams only: its
 * URL may carry the token, because an EventSource cannot set a header.
 */
function credentialsOf(req: IncomingMessage, search?: URLSearchParams): Credentials {
  const bearer = /^Bearer +(\S+) *$/i.exec(req.headers.authorization ?? '');
  const lastEventId = req.headers['last-event-id'];
  return {
    token: bearer?.[1] ?? (search && single(search, 'access_token')),
    lastEventId: typeof lastEventId === 'string' && lastEventId !== '' ? lastEventId : undefined,
  };
}

/**
 * Whether the client has closed the connection after its request. A process that was halted for a while finds
 * both the request and the end of the connection when it goes on. Node.js reads the end one turn of the event
 * loop after the request.
 */
async function hasLeft({ socket }: IncomingMessage): Promise<boolean> {
  await nextTurn();
  await nextTurn();
  return socket.destroyed || socket.readableEnded;
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

function isJsonInUtf8(header: string | undefined): boolean {
  if (header === 'application/json') return true;
  const [type, ...params] = (header ?? '').split(';').map((part) => part.trim().toLowerCase());
  const charset = params.find((param) => param.startsWith('charset='));
  return type === 'application/json' && (!charset || isUtf8(charset.slice('charset='.length)));
}
