import { readdirSync, readFileSync } from 'node:fs';
import type { DocumentNode, ExecutionResult, GraphQLError, GraphQLSchema } from 'graphql';
import { createSchema, createYoga, type GraphQLParams } from 'graphql-yoga';
import type { Logger } from 'pino';
import type { Caller } from '../auth/tokens.ts';
import { SignalboxError } from '../errors.ts';
import { fullIdOf } from '../hub/spaces.ts';
import type { Context, RequestInfo, Services } from './context.ts';
import { toPublicError } from './errors.ts';
import { fieldResolver, useExecution } from './execution.ts';
import { documentCache, useDocumentLimits, useNoIntrospection } from './limits.ts';
import { PreparedOperations } from './prepared/operations.ts';
import { resolvers } from './resolvers/index.ts';
import { maxResponseBytes, ResponseBudget } from './response-budget.ts';
import type { Result, Results } from './result.ts';

export type { Results } from './result.ts';
export { cursorOf } from './selections.ts';

/** The parts of a GraphQL request. None of them is checked yet. */
export interface Params {
  readonly query?: unknown;
  readonly variables?: unknown;
  /** The JSON text of the variables, if there are any. */
  readonly variablesText?: string | undefined;
  readonly operationName?: unknown;
  readonly extensions?: unknown;
}

export interface Engine {
  /**
   * Runs one request. Does not throw: the result holds the errors. Each has the HTTP status that it asks for
   * in `extensions.http`, which the HTTP layer removes before it answers.
   */
  run(params: Params, request: RequestInfo): Promise<Result | Results>;
  /** Charges the address for a request that HTTP has refused (G13). */
  chargeRefused?(address: string): void;
}

/** The folder `schema` is beside `src` in a checkout, and beside `dist` in the package. */
const schemaFolder = new URL('../../schema/', import.meta.url);

function buildSchema(): GraphQLSchema {
  const typeDefs = readdirSync(schemaFolder)
    .filter((file) => file.endsWith('.graphql'))
    .map((file) => readFileSync(new URL(file, schemaFolder), 'utf8'));
  const schema = createSchema<Context>({ typeDefs, resolvers });
  // The resolver of a scalar overwrites its type's description, so take that from the syntax tree again.
  for (const type of Object.values(schema.getTypeMap()))
    type.description ??= type.astNode?.description?.value;
  return schema;
}

export interface EngineOptions {
  /** Whether queries may read the schema. True by default. */
  readonly introspection?: boolean;
}

export function createEngine(
  services: Services,
  log: Logger,
  { introspection = true }: EngineOptions = {},
): Engine {
  const toPublic = (error: unknown) => toPublicError(error, log);
  const maxAnswerCost = 2 * maxResponseBytes(services.maxDataBytes);
  const schema = buildSchema();
  const documents = documentCache<DocumentNode>();
  const prepared = new PreparedOperations({ schema, fieldResolver });
  const accept = (document: DocumentNode) => prepared.accept(document);
  const yoga = createYoga<Context>({
    schema,
    plugins: [
      useDocumentLimits,
      ...(introspection ? [] : [useNoIntrospection]),
      useExecution({ maxDataBytes: services.maxDataBytes, toPublic, accept }),
    ],
    parserAndValidationCache: {
      documentCache: documents,
      errorCache: documentCache<GraphQLError>(),
    },
    // Only `toPublicError` turns errors into those that clients get.
    maskedErrors: false,
    logging: false,
    graphiql: false,
    cors: false,
  });
  /** Undefined if the operation has no plan, or its variables are not right. Then nothing has happened. */
  const runPrepared = ({ query, variables, operationName }: Params, context: Context) => {
    const document = typeof query === 'string' ? documents.get(query) : undefined;
    return document && prepared.run(document, operationName, variables, context);
  };
  const runByYoga = async (params: Params, context: Context): Promise<Result | Results> => {
    const request = { method: context.method } as Request;
    const result = await yoga.getResultForParams({ params: params as GraphQLParams, request }, context);
    if (!context.results) return result as ExecutionResult;
    // A stream may be open for days, and a client may send any variables: nothing keeps them.
    Object.assign(params, { variables: undefined });
    context.variablesText = undefined;
    // Not those of Yoga: it wraps them, and each event would wait for some more promises.
    return context.results;
  };
  return {
    chargeRefused: (address) => services.meters.account(address).chargeAddress('operations', 1),
    async run({ variablesText, ...params }, request) {
      const context = createContext(services, request, variablesText);
      const { account, budget } = context;
      try {
        // Before anything is parsed: that takes time too.
        account.check('operations');
      } catch (error) {
        return { errors: [toPublic(error)] };
      }
      try {
        const result = await (runPrepared(params, context) ?? runByYoga(params, context));
        if (Symbol.asyncIterator in result || !result.errors) return result;
        return { ...result, errors: result.errors.map(toPublic) };
      } catch (error) {
        return { errors: [toPublic(error)] };
      } finally {
        if (!account.begun) account.chargeAddress('operations', 1);
        // Fragments within fragments can ask for any number of bytes. They are refused, and must leave no endless debt.
        account.charge('answers', Math.min(Math.max(budget.spent, context.readBytes), maxAnswerCost));
      }
    },
  };
}

function createContext(services: Services, request: RequestInfo, variablesText: string | undefined): Context {
  const { token } = request.credentials;
  const account = services.meters.account(request.address);
  const verify = async (bearer: string): Promise<Caller> => {
    const verified = await services.tokens.verify(bearer);
    account.identify(fullIdOf(verified));
    return verified;
  };
  let caller: Promise<Caller> | undefined;
  return {
    ...services,
    ...request,
    variablesText,
    budget: new ResponseBudget(maxResponseBytes(services.maxDataBytes)),
    account,
    reads: new Map(),
    readBytes: 0,
    results: undefined,
    heartbeats: false,
    caller() {
      caller ??= token ? verify(token) : Promise.reject(new SignalboxError('UNAUTHENTICATED'));
      return caller;
    },
  };
}
