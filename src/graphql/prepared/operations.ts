import {
  type DocumentNode,
  defaultFieldResolver,
  execute,
  type GraphQLFieldResolver,
  GraphQLObjectType,
  GraphQLSchema,
  OperationTypeNode,
} from 'graphql';
import { JsonText } from '../../json-text.ts';
import type { Context, MessageContext } from '../context.ts';
import { withJsonTexts } from '../json-arguments.ts';
import type { Result } from '../result.ts';
import { compile, type Plan, type RootField, type Variables } from './plan.ts';

/** What the root fields gave, by the names under which they come out: a value, or the promise of one. */
type Outcomes = Map<string, unknown>;

export interface PreparedOptions {
  readonly schema: GraphQLSchema;
  readonly fieldResolver: GraphQLFieldResolver<unknown, MessageContext>;
}

/**
 * Runs queries and mutations by their plans, which takes a fraction of the time of graphql-js. A plan handles only the
 * case without errors. If anything goes wrong, graphql-js executes the operation with the outcomes so far. So no
 * resolver of a root field is called twice, and all errors are those of graphql-js.
 */
export class PreparedOperations {
  readonly #options: PreparedOptions;
  readonly #replaying: GraphQLSchema;
  /** The plans of documents that were accepted. Undefined: not compiled yet. Null: only graphql-js can run it. */
  readonly #plans = new WeakMap<DocumentNode, { plan: Plan | null | undefined }>();

  constructor(options: PreparedOptions) {
    this.#options = options;
    this.#replaying = replayingSchema(options.schema);
  }

  /** Takes note of a document that is valid, within all limits, and not a subscription. */
  accept(document: DocumentNode): void {
    if (!this.#plans.has(document)) this.#plans.set(document, { plan: undefined });
  }

  /** Runs a request for this document. Undefined if graphql-js has to run it: then nothing has happened. */
  run(
    document: DocumentNode,
    operationName: unknown,
    given: unknown,
    context: Context,
  ): Promise<Result> | undefined {
    const plan = this.#planOf(document);
    if (!plan) return undefined;
    const { operation, name } = plan.operation;
    if (operationName != null && operationName !== name?.value) return undefined;
    // Yoga refuses it.
    if (operation === OperationTypeNode.MUTATION && context.method !== 'POST') return undefined;
    const { variablesText } = context;
    const values = (given ?? {}) as Variables;
    const texts =
      variablesText === undefined ? values : withJsonTexts(plan.jsonVariables, values, variablesText);
    const variables = plan.variablesFor(texts);
    return variables && this.#run(plan, document, texts, variables, context);
  }

  /** Undefined if the document is not accepted, or if it is not plain. */
  #planOf(document: DocumentNode): Plan | undefined {
    const entry = this.#plans.get(document);
    if (!entry) return undefined;
    // Only now, when the document comes for the second time.
    if (entry.plan === undefined) entry.plan = compile(document, this.#options) ?? null;
    return entry.plan ?? undefined;
  }

  async #run(
    plan: Plan,
    document: DocumentNode,
    texts: Variables,
    variables: Variables,
    context: Context,
  ): Promise<Result> {
    const { budget } = context;
    budget.spend(plan.bytes);
    const outcomes: Outcomes = new Map();
    const run = plan.operation.operation === OperationTypeNode.MUTATION ? serially : inParallel;
    try {
      const text = await run(plan, variables, context, outcomes);
      return budget.check({ data: JsonText.ofCompact(text) });
    } catch {
      return budget.check(
        await execute({
          schema: this.#replaying,
          document,
          rootValue: outcomes,
          contextValue: context,
          variableValues: texts,
          fieldResolver: this.#options.fieldResolver,
        }),
      );
    }
  }
}

/** Runs a mutation: each field is complete before the next begins. */
async function serially(
  { fields }: Plan,
  variables: Variables,
  context: Context,
  outcomes: Outcomes,
): Promise<string> {
  const budget = context.budget.rest();
  const texts: string[] = [];
  for (const field of fields) {
    const value = await call(field, variables, context, outcomes);
    texts.push(field.write(value, { budget }));
  }
  context.budget.spend(budget.spent);
  return `{${texts.join(',')}}`;
}

/** Runs a query: all fields begin at once. */
async function inParallel(
  { fields }: Plan,
  variables: Variables,
  context: Context,
  outcomes: Outcomes,
): Promise<string> {
  const values = await Promise.all(fields.map((field) => call(field, variables, context, outcomes)));
  const budget = context.budget.rest();
  const texts = fields.map((field, i) => field.write(values[i], { budget }));
  context.budget.spend(budget.spent);
  return `{${texts.join(',')}}`;
}

/** Calls the resolver of a root field, and keeps the outcome. Throws if it cannot be called. */
function call(
  { key, argumentsFor, resolve }: RootField,
  variables: Variables,
  context: Context,
  outcomes: Outcomes,
): unknown {
  const args = argumentsFor(variables);
  let outcome: unknown;
  try {
    outcome = resolve(undefined, args, context);
  } catch (error) {
    outcome = Promise.reject(error);
  }
  outcomes.set(key, outcome);
  return outcome;
}

/** The same schema, but a root field with an outcome gives it, and calls no resolver. The root value is `Outcomes`. */
function replayingSchema(schema: GraphQLSchema): GraphQLSchema {
  const { query, mutation, types, ...config } = schema.toConfig();
  return new GraphQLSchema({
    ...config,
    types: types.filter((type) => type !== query && type !== mutation),
    query: query && replaying(query),
    mutation: mutation && replaying(mutation),
  });
}

function replaying(type: GraphQLObjectType): GraphQLObjectType {
  const { fields, ...config } = type.toConfig();
  const entries = Object.entries(fields).map(([name, { resolve = defaultFieldResolver, ...field }]) => {
    const replay: GraphQLFieldResolver<Outcomes, Context> = (outcomes, args, context, info) =>
      outcomes.has(String(info.path.key))
        ? outcomes.get(String(info.path.key))
        : resolve(undefined, args, context, info);
    return [name, { ...field, resolve: replay }];
  });
  return new GraphQLObjectType({ ...config, fields: Object.fromEntries(entries) });
}
