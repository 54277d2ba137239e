import {
  createSourceEventStream,
  type DocumentNode,
  defaultFieldResolver,
  type ExecutionArgs,
  type ExecutionResult,
  execute,
  executeSync,
  GraphQLError,
  type GraphQLFieldResolver,
  Kind,
  visit,
} from 'graphql';
import type { Plugin } from 'graphql-yoga';
import type { Cursor, Message } from '../hub/hub.ts';
import { isCut } from '../hub/stream.ts';
import type { Context, MessageContext } from './context.ts';
import { withJsonTexts } from './json-arguments.ts';
import { operationError } from './limits.ts';
import { maxEventBytes, maxResponseBytes, maxSelectionBytes, ResponseBudget } from './response-budget.ts';

export interface ExecutionOptions {
  /** The most bytes of JSON in one `data` or `state`. The bounds of responses and events follow from it. */
  readonly maxDataBytes: number;
  /** Turns an error into the one that the client gets. */
  readonly toPublic: (error: unknown) => GraphQLError;
}

/** The fields that a subscription selects of each message. Subscriptions with the same selection share results. */
class Selection {
  readonly #results = new WeakMap<Message, ExecutionResult>();
  readonly #args: ExecutionArgs;
  readonly #options: ExecutionOptions;

  constructor(args: ExecutionArgs, options: ExecutionOptions) {
    this.#args = args;
    this.#options = options;
  }

  /** The result for one message, made once. It is synchronous, because all resolvers of messages are. */
  resultFor(message: Message): ExecutionResult {
    let result = this.#results.get(message);
    if (!result) {
      const { maxDataBytes, toPublic } = this.#options;
      const maxBytes = message.type === 'Connected' ? maxResponseBytes : maxEventBytes;
      const budget = new ResponseBudget(maxBytes(maxDataBytes));
      const contextValue: MessageContext = { budget };
      result = budget.check(executeSync({ ...this.#args, rootValue: message, contextValue, fieldResolver }));
      if (result.errors) result = { ...result, errors: result.errors.map(toPublic) };
      else if (message.type !== 'Heartbeat') cursors.set(result, message.cursor);
      this.#results.set(message, result);
    }
    return result;
  }
}

/** Resolves fields without a resolver of their own, and charges their text to the budget: ids and names may be long. */
const fieldResolver: GraphQLFieldResolver<unknown, MessageContext> = (source, args, context, info) => {
  const value: unknown = defaultFieldResolver(source, args, context, info);
  if (typeof value === 'string') context.budget.spend(Buffer.byteLength(value));
  return value;
};

const cursors = new WeakMap<ExecutionResult, Cursor>();

/**
 * The cursor of the message behind a subscription's result. Undefined for heartbeats and errors. All streams with
 * the same selection share one result object, so it can serve as a key for anything derived from it.
 */
export function cursorOf(result: ExecutionResult): Cursor | undefined {
  return cursors.get(result);
}

/**
 * Selections that no variable changes, by document and operation name. Equal texts have the same document,
 * because documents are cached.
 */
const sharedSelections = new WeakMap<DocumentNode, Map<string, Selection>>();

function selectionOf(args: ExecutionArgs, options: ExecutionOptions): Selection {
  let byOperation = sharedSelections.get(args.document);
  if (!byOperation) {
    if (dependsOnVariables(args.document))
      return new Selection({ ...args, contextValue: undefined }, options);
    byOperation = new Map();
    sharedSelections.set(args.document, byOperation);
  }
  const name = args.operationName ?? '';
  let selection = byOperation.get(name);
  if (!selection) {
    selection = new Selection({ ...args, contextValue: undefined }, options);
    byOperation.set(name, selection);
  }
  return selection;
}

/**
 * Whether a variable can change the results. A variable in an argument of the root field cannot: it only decides
 * with which message the stream begins.
 */
function dependsOnVariables(document: DocumentNode): boolean {
  let depth = 0;
  let found = false;
  visit(document, {
    VariableDefinition: () => false,
    SelectionSet: { enter: () => void depth++, leave: () => void depth-- },
    FragmentDefinition: { enter: () => void depth++, leave: () => void depth-- },
    Argument: (_node, _key, _parent, _path, ancestors) => {
      const owner = ancestors.at(-1);
      const isRootFieldArgument = depth === 1 && owner && 'kind' in owner && owner.kind === Kind.FIELD;
      return isRootFieldArgument ? false : undefined;
    },
    Variable: () => {
      found = true;
    },
  });
  return found;
}

/**
 * Turns a stream's messages into results, one at a time. Nothing queues here: the stream has the only backlog, and
 * bounds it. An error that ends the stream becomes the last result. A cut rejects unchanged.
 */
class MessageResults implements AsyncIterableIterator<ExecutionResult, undefined> {
  readonly #messages: AsyncIterator<Message, undefined>;
  readonly #selection: Selection;
  readonly #options: ExecutionOptions;
  readonly #place: Context['streamPlace'];

  constructor(
    messages: AsyncIterable<Message, undefined>,
    selection: Selection,
    options: ExecutionOptions,
    place: Context['streamPlace'],
  ) {
    this.#messages = messages[Symbol.asyncIterator]();
    this.#selection = selection;
    this.#options = options;
    this.#place = place;
  }

  async next(): Promise<IteratorResult<ExecutionResult, undefined>> {
    try {
      const step = await this.#messages.next();
      if (step.done) return { done: true, value: undefined };
      if (step.value.type === 'Connected') this.#place?.confirm(step.value.resumed);
      const result = this.#selection.resultFor(step.value);
      // Without `Connected`, the client cannot tell whether its session resumed. So the stream ends here.
      if (result.errors && step.value.type === 'Connected') await this.#messages.return?.();
      return { done: false, value: result };
    } catch (error) {
      if (isCut(error)) throw error;
      await this.#messages.return?.();
      return { done: false, value: { errors: [this.#options.toPublic(error)] } };
    }
  }

  async return(): Promise<IteratorResult<ExecutionResult, undefined>> {
    await this.#messages.return?.();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }
}

/** The same arguments, with variables of type JSON as texts. */
function withTexts(args: ExecutionArgs): ExecutionArgs {
  const { variablesText } = args.contextValue as Context;
  const { variableValues } = args;
  if (variablesText === undefined || !variableValues) return args;
  return { ...args, variableValues: withJsonTexts(args, variableValues, variablesText) };
}

function eventStreamRequired(): GraphQLError {
  return new GraphQLError(
    'A subscription needs an event stream: send the header `Accept: text/event-stream`, and keep the connection open.',
    { extensions: { http: { status: 406 } } },
  );
}

/**
 * Replaces Yoga's executor by graphql-js's own. It is faster here, and its errors name the variable that is wrong.
 * For streams with the same selection, each message is executed once.
 */
export function useExecution(options: ExecutionOptions): Plugin<Context> {
  return {
    onExecute({ args, setExecuteFn, setResultAndStopExecution }) {
      const { budget } = args.contextValue;
      const error = operationError(args, budget);
      if (error) {
        setResultAndStopExecution({ errors: [error] });
        return;
      }
      setExecuteFn(async (given: ExecutionArgs) =>
        budget.check(await execute({ ...withTexts(given), fieldResolver })),
      );
    },
    onSubscribe({ args, setSubscribeFn, setResultAndStopExecution }) {
      // Refuse before `messages` opens a stream: that could end the session that the peer has elsewhere.
      const error = args.contextValue.takesEvents
        ? operationError(args, new ResponseBudget(maxSelectionBytes))
        : eventStreamRequired();
      if (error) {
        setResultAndStopExecution({ errors: [error] });
        return;
      }
      setSubscribeFn(async (given: ExecutionArgs) => {
        const source = await createSourceEventStream(withTexts(given));
        if (!(Symbol.asyncIterator in source)) return source;
        const messages = source as AsyncIterable<Message, undefined>;
        const { streamPlace } = given.contextValue as Context;
        return new MessageResults(messages, selectionOf(given, options), options, streamPlace);
      });
    },
  };
}
