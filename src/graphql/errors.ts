import { GraphQLError } from 'graphql';
import type { Logger } from 'pino';
import { SignalboxError } from '../errors.ts';

/** The one that GraphQL wrapped, to say where it happened. */
function origin(error: unknown): unknown {
  return error instanceof GraphQLError && error.originalError ? origin(error.originalError) : error;
}

/**
 * What a client is told of an error: those of the table as they are, what GraphQL itself finds wrong
 * with a request as BAD_USER_INPUT, and nothing of any other, which goes to the log.
 *
 * `extensions.http` says which status the error asks for, in the form that graphql-yoga's own errors
 * have: `spec` marks a status that is 200 where the client takes `application/json` only.
 */
export function toPublicError(error: unknown, log: Logger): GraphQLError {
  const cause = origin(error);
  const { nodes = null, path = null } = error instanceof GraphQLError ? error : {};
  const where = { nodes, path };
  if (cause instanceof SignalboxError) {
    const { code, status, retryable } = cause;
    return new GraphQLError(cause.message, {
      ...where,
      extensions: { code, ...(retryable && { retryable }), ...(status && { http: { status } }) },
    });
  }
  if (cause instanceof GraphQLError) {
    const http = cause.extensions.http ?? (cause.path ? undefined : { status: 400, spec: true });
    return new GraphQLError(error instanceof GraphQLError ? error.message : cause.message, {
      ...where,
      source: cause.source ?? null,
      positions: cause.positions ?? null,
      extensions: { code: 'BAD_USER_INPUT', ...(http !== undefined && { http }) },
    });
  }
  log.error({ err: cause }, 'unexpected error');
  return new GraphQLError('Unexpected error.', {
    ...where,
    extensions: { code: 'INTERNAL_SERVER_ERROR', http: { status: 500 } },
  });
}
