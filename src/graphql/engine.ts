import { readdirSync, readFileSync } from 'node:fs';
import type { DocumentNode, ExecutionResult, GraphQLError } from 'graphql';
import { createSchema, createYoga, type GraphQLParams } from 'graphql-yoga';
import type { Logger } from 'pino';
import type { Caller } from '../auth/tokens.ts';
import { SignalboxError } from '../errors.ts';
import { Allowance, answerBytes } from './allowance.ts';
import type { Context, RequestInfo, Services } from './context.ts';
import { toPublicError } from './errors.ts';
import { useExecution } from './execution.ts';
import { documentCache, useDocumentLimits } from './limits.ts';
import { resolvers } from './resolvers/index.ts';

export { entryIdOf } from './execution.ts';

/** What a GraphQL request consists of, as it came in: nothing of it is checked yet. */
export interface Params {
  readonly query?: unknown;
  readonly variables?: unknown;
  readonly operationName?: unknown;
  readonly extensions?: unknown;
}

/** The results of one subscription. They end by rejecting where the stream is cut (see `isCut`). */
export interface Results extends AsyncIterableIterator<ExecutionResult, undefined> {
  /** Whether heartbeats come among them, so that the connection needs no other sign of life. */
  readonly heartbeats: boolean;
}

export interface Engine {
  /**
   * Runs one request. Does not throw: errors are in the result, each with the HTTP status that it
   * asks for in `extensions.http`, which is not for the client to see.
   */
  run(params: Params, request: RequestInfo): Promise<ExecutionResult | Results>;
}

/** The schema's files lie beside `src` in a checkout, and beside `dist` in the package. */
const schemaFolder = new URL('../../schema/', import.meta.url);

function readSchema(): string[] {
  return readdirSync(schemaFolder)
    .filter((file) => file.endsWith('.graphql'))
    .map((file) => readFileSync(new URL(file, schemaFolder), 'utf8'));
}

export function createEngine(services: Services, log: Logger): Engine {
  const toPublic = (error: unknown) => toPublicError(error, log);
  const yoga = createYoga<Context>({
    schema: createSchema<Context>({ typeDefs: readSchema(), resolvers }),
    plugins: [useDocumentLimits, useExecution({ maxDataBytes: services.maxDataBytes, toPublic })],
    parserAndValidationCache: {
      documentCache: documentCache<DocumentNode>(),
      errorCache: documentCache<GraphQLError>(),
    },
    // Errors are made fit for clients by `toPublicError`, and only there.
    maskedErrors: false,
    logging: false,
    graphiql: false,
    cors: false,
  });
  return {
    async run(params, request) {
      const context = createContext(services, request);
      try {
        const result = (await yoga.getResultForParams(
          { params: params as GraphQLParams, request: { method: request.method } as Request },
          context,
        )) as ExecutionResult | AsyncIterableIterator<ExecutionResult, undefined>;
        if (Symbol.asyncIterator in result) return Object.assign(result, { heartbeats: context.heartbeats });
        return result.errors ? { ...result, errors: result.errors.map(toPublic) } : result;
      } catch (error) {
        return { errors: [toPublic(error)] };
      }
    },
  };
}

function createContext(services: Services, request: RequestInfo): Context {
  const { token } = request.credentials;
  let caller: Promise<Caller> | undefined;
  return {
    ...services,
    ...request,
    allowance: new Allowance(answerBytes(services.maxDataBytes)),
    heartbeats: false,
    caller() {
      caller ??= token
        ? services.tokens.verify(token)
        : Promise.reject(new SignalboxError('UNAUTHENTICATED'));
      return caller;
    },
  };
}
