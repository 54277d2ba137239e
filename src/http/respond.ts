import type { ServerResponse } from 'node:http';
import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import type { Logger } from 'pino';
import { unexpectedError } from '../errors.ts';
import type { Result } from '../graphql/result.ts';
import { JsonText, writeJson } from '../json-text.ts';
import { HttpError } from './http-error.ts';
import type { JsonType } from './negotiate.ts';

type Headers = Readonly<Record<string, string>>;

/** The status and the extra headers of a response. */
export interface Outcome {
  readonly status: number;
  readonly headers: Headers;
}

/** An error's wishes for the HTTP response, in its `extensions.http`. Errors of graphql-yoga have the same form. */
interface HttpHint {
  readonly status?: number;
  /** The status is only for `application/graphql-response+json`. Older clients expect 200 for any GraphQL result. */
  readonly spec?: boolean;
  readonly headers?: Headers;
}

function hintOf(extensions: unknown): HttpHint | undefined {
  return (extensions as { http?: HttpHint } | null | undefined)?.http;
}

/** The highest status and all headers that the errors of a result ask for, if it is sent as this type. */
export function outcomeOf(result: Result, type: JsonType): Outcome {
  const headers: Record<string, string> = {};
  if (!result.errors) return { status: 200, headers };
  const strict = type === 'application/graphql-response+json';
  // A result without `data` was not executed. The strict type does not allow 200 for it.
  let status = strict && !('data' in result) ? 400 : 200;
  for (const { extensions } of result.errors) {
    const hint = hintOf(extensions);
    if (!hint) continue;
    Object.assign(headers, hint.headers);
    if (hint.status !== undefined && (strict || !hint.spec) && hint.status > status) status = hint.status;
  }
  return { status, headers };
}

/** Whether the same request may succeed a little later. */
export function isTemporary({ errors = [] }: Result): boolean {
  return errors.some(({ extensions }) => {
    const status = hintOf(extensions)?.status;
    return extensions.retryable === true || status === 503 || status === 429;
  });
}

/** A result as JSON, without the `extensions.http` of its errors. The errors are shared, so they are not changed. */
export function toBody(result: Result): string {
  if (!result.errors) {
    // Most results are prepared: their data is a text.
    return result.data instanceof JsonText ? `{"data":${result.data.text}}` : writeJson(result);
  }
  return writeJson({ ...result, errors: result.errors.map((error) => toPublicJson(error.toJSON())) });
}

function toPublicJson(error: GraphQLFormattedError): GraphQLFormattedError {
  if (!hintOf(error.extensions)) return error;
  const { http: _, ...extensions } = error.extensions ?? {};
  return { ...error, extensions };
}

/** Sends a result of GraphQL as JSON, and returns the bytes of its body. */
export function sendResult(
  res: ServerResponse,
  result: Result,
  type: JsonType,
  { status, headers }: Outcome,
): number {
  return sendJson(res, status, type, toBody(result), headers);
}

/**
 * Sends an error that was thrown, in the form of a GraphQL result. An error that is not an `HttpError` is a bug:
 * the log has the error, and the client only learns that there is one.
 */
export function sendError(res: ServerResponse, error: unknown, log: Logger): void {
  if (!(error instanceof HttpError)) log.error({ err: error }, 'a request failed');
  // The response has begun. Only a broken connection can tell the client that the rest is missing.
  if (res.headersSent) {
    res.destroy();
    return;
  }
  const type = 'application/json';
  const result = toResult(error);
  sendResult(res, result, type, outcomeOf(result, type));
}

/** An error that was thrown, in the form of a GraphQL result. */
export function toResult(error: unknown): Result {
  if (!(error instanceof HttpError)) {
    const { message, code, status } = unexpectedError;
    return { errors: [new GraphQLError(message, { extensions: { code, http: { status } } })] };
  }
  const { message, code, retryable, retryAfterMs, status, headers } = error;
  const extensions = {
    code,
    ...(retryable && { retryable }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    http: { status, headers },
  };
  return { errors: [new GraphQLError(message, { extensions })] };
}

/** The most bytes given to a socket at a time. A client that reads slowly is seen to read. */
const partBytes = 64 * 1024;

/** Sends the rest of a response. Each part is a view of the buffer, and waits until the one before was sent. */
export function sendInParts(res: ServerResponse, body: Buffer): void {
  let sent = 0;
  const next = () => {
    while (sent + partBytes < body.length) {
      const hasRoom = res.write(body.subarray(sent, sent + partBytes));
      sent += partBytes;
      if (!hasRoom) {
        res.once('drain', next);
        return;
      }
    }
    res.end(body.subarray(sent));
  };
  next();
}

/**
 * Sends a JSON text, in one write unless it is large, and returns its bytes. A 401 names the scheme of authentication,
 * and a 503 says when to try again. No cache keeps an answer, because it may hold a token or other private data.
 */
export function sendJson(
  res: ServerResponse,
  status: number,
  type: JsonType,
  body: string,
  headers: Headers = {},
): number {
  const bytes = Buffer.byteLength(body);
  res.writeHead(status, {
    ...(status === 401 && { 'WWW-Authenticate': 'Bearer' }),
    ...(status === 503 && { 'Retry-After': '1' }),
    ...headers,
    'Content-Type': `${type}; charset=utf-8`,
    'X-Content-Type-Options': 'nosniff',
    'Cache-Control': 'no-store',
    'Content-Length': bytes,
  });
  if (bytes <= partBytes) res.end(body);
  else sendInParts(res, Buffer.from(body));
  return bytes;
}
