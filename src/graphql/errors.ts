import { GraphQLError } from 'graphql';
import type { Logger } from 'pino';
import { SignalboxError, unexpectedError } from '../errors.ts';

/** The most characters of a message of GraphQL: up to 50 of them may each repeat a value that the client has sent. */
const maxCharacters = 1000;

function shortened(message: string): string {
  return message.length > maxCharacters ? `${message.slice(0, maxCharacters)}…` : message;
}

/** The error that a resolver threw. GraphQL wraps it to add its place in the query. */
function unwrap(error: unknown): unknown {
  return error instanceof GraphQLError && error.originalError ? unwrap(error.originalError) : error;
}

/**
 * Turns an error into the one that the client gets. A `SignalboxError` keeps its code and message. An error that
 * GraphQL finds in the request becomes `BAD_USER_INPUT`. Any other error is logged, and the client learns nothing
 * about it.
 *
 * `extensions.http` holds the HTTP status that the error asks for, in the form of graphql-yoga's own errors.
 * `spec: true` marks a status that becomes 200 if the client takes only `application/json`.
 */
export function toPublicError(error: unknown, log: Logger): GraphQLError {
  const cause = unwrap(error);
  const { nodes = null, path = null } = error instanceof GraphQLError ? error : {};
  const where = { nodes, path };
  if (cause instanceof SignalboxError) {
    const { code, status, retryable, retryAfterMs } = cause;
    // A client that knows only HTTP learns it from the header, in whole seconds.
    const headers = retryAfterMs !== undefined && { 'Retry-After': String(Math.ceil(retryAfterMs / 1000)) };
    return new GraphQLError(cause.message, {
      ...where,
      extensions: {
        code,
        ...(retryable && { retryable }),
        ...(retryAfterMs !== undefined && { retryAfterMs }),
        ...(status && { http: { status, ...(headers && { headers }) } }),
      },
    });
  }
  if (cause instanceof GraphQLError) {
    const http = cause.extensions.http ?? (cause.path ? undefined : { status: 400, spec: true });
    return new GraphQLError(shortened(error instanceof GraphQLError ? error.message : cause.message), {
      ...where,
      source: cause.source ?? null,
      positions: cause.positions ?? null,
      extensions: { code: 'BAD_USER_INPUT', ...(http !== undefined && { http }) },
    });
  }
  log.error({ err: cause }, 'unexpected error');
  const { message, code, status } = unexpectedError;
  return new GraphQLError(message, { ...where, extensions: { code, http: { status } } });
}
