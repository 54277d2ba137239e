import type { ServerResponse } from 'node:http';
import type { ExecutionResult, GraphQLFormattedError } from 'graphql';
import { corsHeaders } from './cors.ts';
import type { JsonType } from './negotiate.ts';
import type { Refusal } from './refusal.ts';

/** What an error asks of HTTP, in its `extensions.http`, as graphql-yoga's own errors do. */
interface HttpHint {
  readonly status?: number;
  /** Its status is for `application/graphql-response+json`: older clients take 200 for "it is GraphQL". */
  readonly spec?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
}

function hintOf(extensions: unknown): HttpHint | undefined {
  return (extensions as { http?: HttpHint } | null | undefined)?.http;
}

/** How a result is answered as this type: the highest status that its errors ask for, and their headers. */
export function outcome(
  result: ExecutionResult,
  type: JsonType,
): { status: number; headers: Record<string, string> } {
  const headers: Record<string, string> = {};
  if (!result.errors) return { status: 200, headers };
  const strict = type === 'application/graphql-response+json';
  // A result without `data` was not executed, and the strict type has no 200 for that.
  let status = strict && !('data' in result) ? 400 : 200;
  for (const { extensions } of result.errors) {
    const hint = hintOf(extensions);
    if (!hint) continue;
    Object.assign(headers, hint.headers);
    if (hint.status !== undefined && (strict || !hint.spec) && hint.status > status) status = hint.status;
  }
  return { status, headers };
}

/** The JSON of a result, without what its errors say for HTTP. Errors are shared: none is changed. */
export function toBody(result: ExecutionResult): string {
  if (!result.errors) return JSON.stringify(result);
  return JSON.stringify({ ...result, errors: result.errors.map((error) => toPublicJson(error.toJSON())) });
}

function toPublicJson(error: GraphQLFormattedError): GraphQLFormattedError {
  if (!hintOf(error.extensions)) return error;
  const { http: _, ...extensions } = error.extensions ?? {};
  return { ...error, extensions };
}

/** Answers with JSON, in one write. */
export function sendJson(
  res: ServerResponse,
  status: number,
  type: JsonType,
  body: string,
  headers?: Readonly<Record<string, string>>,
): void {
  res.writeHead(status, {
    ...corsHeaders,
    ...(status === 401 && { 'WWW-Authenticate': 'Bearer' }),
    ...(status === 503 && { 'Retry-After': '1' }),
    ...headers,
    'Content-Type': `${type}; charset=utf-8`,
    'Content-Length': Buffer.byteLength(body),
  });
  res.end(body);
}

/** Answers a request that was turned away, in the form of a GraphQL error. */
export function sendRefusal(res: ServerResponse, refusal: Refusal): void {
  const { httpStatus, message, code, retryable, headers } = refusal;
  const extensions = { code, ...(retryable && { retryable }) };
  const body = JSON.stringify({ errors: [{ message, extensions }] });
  sendJson(res, httpStatus, 'application/json', body, { ...headers, 'Cache-Control': 'no-store' });
}
