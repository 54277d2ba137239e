import type { IncomingMessage } from 'node:http';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Credentials } from '../graphql/context.ts';
import type { Params } from '../graphql/engine.ts';
import type { Bodies } from './body.ts';
import { isUtf8 } from './negotiate.ts';
import { malformed, Refusal } from './refusal.ts';

/** The parameters of a GET, from its query string. Throws a `Refusal`. */
export function paramsOfQuery(search: URLSearchParams): Params {
  return checkParams({
    query: single(search, 'query'),
    variables: parseParam(search, 'variables'),
    operationName: single(search, 'operationName'),
    extensions: parseParam(search, 'extensions'),
  });
}

/** The parameters of a POST, from its body; undefined where the client went away. Throws a `Refusal`. */
export async function paramsOfBody(req: IncomingMessage, bodies: Bodies): Promise<Params | undefined> {
  checkContentType(req);
  const text = await bodies.read(req);
  if (text === undefined) return undefined;
  const body = parseJson(text, 'The body');
  if (!isObject(body)) throw malformed(`The body must be one JSON object, and is ${kindOf(body)}.`);
  return checkParams(body);
}

/** What a query string holds. Throws a `Refusal` where it is not percent-encoded UTF-8. */
export function parseSearch(search: string): URLSearchParams {
  try {
    decodeURIComponent(search);
  } catch {
    throw malformed('The query string of the URL is not percent-encoded UTF-8.');
  }
  return new URLSearchParams(search);
}

/**
 * Who calls, and from where it goes on. `search` is given for a GET that asks for an event stream,
 * which alone may carry its token in the URL: an EventSource can set no header.
 */
export function credentialsOf(req: IncomingMessage, search?: URLSearchParams): Credentials {
  const bearer = /^Bearer +(\S+) *$/i.exec(req.headers.authorization ?? '');
  const lastEventId = req.headers['last-event-id'];
  return {
    token: bearer?.[1] ?? (search && single(search, 'access_token')),
    lastEventId: typeof lastEventId === 'string' && lastEventId !== '' ? lastEventId : undefined,
  };
}

/**
 * Whether the client has closed the connection, behind its request: a process that stood still reads both when it
 * goes on. The end is read one turn of the event loop after what went before.
 */
export async function hasLeft({ socket }: IncomingMessage): Promise<boolean> {
  await nextTurn();
  await nextTurn();
  return socket.destroyed || socket.readableEnded;
}

/** JSON only: a form's content types, which any page can send without a preflight, are not taken. */
function checkContentType({ headers }: IncomingMessage): void {
  if (!isJsonInUtf8(headers['content-type'])) {
    throw new Refusal(415, 'A POST must have the content type `application/json`, in UTF-8.', {
      headers: { Accept: 'application/json; charset=utf-8' },
    });
  }
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') {
    throw new Refusal(415, 'A body must not be compressed.', { headers: { 'Accept-Encoding': 'identity' } });
  }
}

function isJsonInUtf8(header: string | undefined): boolean {
  if (header === 'application/json') return true;
  const [type, ...params] = (header ?? '').split(';').map((part) => part.trim().toLowerCase());
  const charset = params.find((param) => param.startsWith('charset='));
  return type === 'application/json' && (!charset || isUtf8(charset.slice('charset='.length)));
}

/** Takes the four parameters that GraphQL over HTTP knows, of the types that it gives them. */
function checkParams({ query, variables, operationName, extensions }: Record<string, unknown>): Params {
  if (query == null) throw malformed('The parameter `query` is missing.');
  if (typeof query !== 'string') throw wrongType('query', 'a string', query);
  if (operationName != null && typeof operationName !== 'string') {
    throw wrongType('operationName', 'a string or null', operationName);
  }
  if (variables != null && !isObject(variables)) throw wrongType('variables', 'an object or null', variables);
  if (extensions != null && !isObject(extensions)) {
    throw wrongType('extensions', 'an object or null', extensions);
  }
  return { query, variables, operationName, extensions };
}

/** A parameter's value; undefined where it is absent or empty. Of two it would be open which is meant. */
function single(search: URLSearchParams, name: string): string | undefined {
  const values = search.getAll(name);
  if (values.length > 1) throw malformed(`The parameter \`${name}\` is given more than once.`);
  return values[0] || undefined;
}

function parseParam(search: URLSearchParams, name: string): unknown {
  const text = single(search, name);
  return text === undefined ? undefined : parseJson(text, `The parameter \`${name}\``);
}

function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw malformed(`${what} is not JSON: ${(error as SyntaxError).message}.`);
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return kindOf(value) === 'an object';
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

function wrongType(name: string, type: string, value: unknown): Refusal {
  return malformed(`The parameter \`${name}\` must be ${type}, and is ${kindOf(value)}.`);
}
