import { httpFaults } from '../errors.ts';
import type { Params } from '../graphql/engine.ts';
import { memberOf } from '../json-text.ts';
import { HttpError } from './http-error.ts';

/** The parameters in the query string of a GET. Throws an `HttpError`. */
export function parametersOfQuery(search: URLSearchParams): Params {
  return checkParameters({
    query: single(search, 'query'),
    variables: parseParameter(search, 'variables'),
    operationName: single(search, 'operationName'),
    extensions: parseParameter(search, 'extensions'),
    variablesText: single(search, 'variables'),
  });
}

/** The parameters in the body of a POST. Throws an `HttpError`. */
export function parametersOfBody(bodyText: string): Params {
  // Some programs put a byte order mark before JSON. RFC 8259 allows to ignore it.
  const text = bodyText.startsWith('\uFEFF') ? bodyText.slice(1) : bodyText;
  const body = parseJson(text, 'The body');
  if (!isObject(body)) throw new HttpError(httpFaults.bodyNotObject(kindOf(body)));
  return checkParameters({
    ...body,
    variablesText: body.variables == null ? undefined : memberOf(text, 'variables'),
  });
}

/** Parses a query string. Throws an `HttpError` if it is not percent-encoded UTF-8. */
export function parseSearch(search: string): URLSearchParams {
  try {
    decodeURIComponent(search);
  } catch {
    throw new HttpError(httpFaults.urlNotUtf8);
  }
  return new URLSearchParams(search);
}

/** The value of a parameter; undefined if it is absent or empty. Throws an `HttpError` if there are two values. */
export function single(search: URLSearchParams, name: string): string | undefined {
  const values = search.getAll(name);
  if (values.length > 1) throw new HttpError(httpFaults.repeatedParameter(name));
  return values[0] || undefined;
}

/** The four parameters of GraphQL over HTTP, once their types are checked. Others are ignored. */
function checkParameters(given: Record<string, unknown> & Pick<Params, 'variablesText'>): Params {
  const { query, variables, operationName, extensions, variablesText } = given;
  // If there is a query too, it runs: a client sends both after the error for persisted queries.
  if (!query && isObject(extensions) && extensions.persistedQuery) {
    throw new HttpError(httpFaults.persistedQueryNotSupported);
  }
  if (query == null) throw new HttpError(httpFaults.queryMissing);
  if (typeof query !== 'string') throw wrongType('query', 'a string', query);
  if (operationName != null && typeof operationName !== 'string') {
    throw wrongType('operationName', 'a string or null', operationName);
  }
  if (variables != null && !isObject(variables)) throw wrongType('variables', 'an object or null', variables);
  if (extensions != null && !isObject(extensions)) {
    throw wrongType('extensions', 'an object or null', extensions);
  }
  return { query, variables, operationName, extensions, variablesText };
}

function parseParameter(search: URLSearchParams, name: string): unknown {
  const text = single(search, name);
  return text === undefined ? undefined : parseJson(text, `The parameter \`${name}\``);
}

function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new HttpError(httpFaults.notJson(what, (error as SyntaxError).message));
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

function wrongType(name: string, type: string, value: unknown): HttpError {
  return new HttpError(httpFaults.wrongType(name, type, kindOf(value)));
}
