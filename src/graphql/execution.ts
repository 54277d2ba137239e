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
import type { EntryId, Message } from '../hub/hub.ts';
import { isCut } from '../hub/stream.ts';
import { Allowance, answerBytes, eventBytes, selectionBytes } from './allowance.ts';
import type { Context, MessageContext } from './context.ts';
import { faultOf } from './limits.ts';

export interface ExecutionOptions {
  /** Of one `data` or `state`. The bounds of what goes out are made of it. */
  readonly maxDataBytes: number;
  /** Makes an error fit for clients. */
  readonly toPublic: (error: unknown) => GraphQLError;
}

/** A selection of a message's fields. Subscriptions that share one share their results. */
class Selection {
  readonly #results = new WeakMap<Message, ExecutionResult>();
  readonly #args: ExecutionArgs;
  readonly #options: ExecutionOptions;

  constructor(args: ExecutionArgs, options: ExecutionOptions) {
    this.#args = args;
    this.#options = options;
  }

  /** The result for one message, made once. It needs no waiting: no resolver of a message does. */
  of(message: Message): ExecutionResult {
    let result = this.#results.get(message);
    if (!result) {
      const { maxDataBytes, toPublic } = this.#options;
      const bytes = message.type === 'Connected' ? answerBytes : eventBytes;
      const allowance = new Allowance(bytes(maxDataBytes));
      const contextValue: MessageContext = { allowance };
      result = allowance.check(
        executeSync({ ...this.#args, rootValue: message, contextValue, fieldResolver }),
      );
      if (result.errors) result = { ...result, errors: result.errors.map(toPublic) };
      else if (message.type !== 'Heartbeat') entryIds.set(result, message.id);
      this.#results.set(message, result);
    }
    return result;
  }
}

/** Of fields that have no resolver of their own: ids and names may be long, and are asked for room as others are. */
const fieldResolver: GraphQLFieldResolver<unknown, MessageContext> = (source, args, context, info) => {
  const value: unknown = defaultFieldResolver(source, args, context, info);
  if (typeof value === 'string') context.allowance.grants(Buffer.byteLength(value));
  return value;
};

const entryIds = new WeakMap<ExecutionResult, EntryId>();

/**
 * The id of the entry that a subscription's result was made of; none for heartbeats and errors. A
 * result is shared by all streams with the same selection, so what is derived from it can be kept
 * beside it.
 */
export function entryIdOf(result: ExecutionResult): EntryId | undefined {
  return entryIds.get(result);
}

/** Selections that no variable changes, by document and operation. Documents are cached by their text. */
const shared = new WeakMap<DocumentNode, Map<string, Selection>>();

function selectionOf(args: ExecutionArgs, options: ExecutionOptions): Selection {
  let ofDocument = shared.get(args.document);
  if (!ofDocument) {
    if (dependsOnVariables(args.document))
      return new Selection({ ...args, contextValue: undefined }, options);
    ofDocument = new Map();
    shared.set(args.document, ofDocument);
  }
  const name = args.operationName ?? '';
  let selection = ofDocument.get(name);
  if (!selection) {
    selection = new Selection({ ...args, contextValue: undefined }, options);
    ofDocument.set(name, selection);
  }
  return selection;
}

/** Whether a variable is used anywhere but in the arguments of a root field, which say where a stream begins. */
function dependsOnVariables(document: DocumentNode): boolean {
  let depth = 0;
  let found = false;
  visit(document, {
    VariableDefinition: () => false,
    SelectionSet: { enter: () => void depth++, leave: () => void depth-- },
    FragmentDefinition: { enter: () => void depth++, leave: () => void depth-- },
    Argument: (_node, _key, _parent, _path, ancestors) => {
      const owner = ancestors.at(-1);
      const ofRootField = depth === 1 && owner && 'kind' in owner && owner.kind === Kind.FIELD;
      return ofRootField ? false : undefined;
    },
    Variable: () => {
      found = true;
    },
  });
  return found;
}

/**
 * Results by pulling messages: nothing waits here, what waits is the stream's to bound. An error that
 * ends the stream is the last result; a cut goes through as it is.
 */
class Results implements AsyncIterableIterator<ExecutionResult, undefined> {
  readonly #messages: AsyncIterator<Message, undefined>;
  readonly #selection: Selection;
  readonly #options: ExecutionOptions;

  constructor(messages: AsyncIterable<Message, undefined>, selection: Selection, options: ExecutionOptions) {
    this.#messages = messages[Symbol.asyncIterator]();
    this.#selection = selection;
    this.#options = options;
  }

  async next(): Promise<IteratorResult<ExecutionResult, undefined>> {
    try {
      const step = await this.#messages.next();
      if (step.done) return { done: true, value: undefined };
      const result = this.#selection.of(step.value);
      // Whether it goes on or begins anew, the client cannot know then: so it is told nothing more.
      if (result.errors && step.value.type === 'Connected') await this.#messages.return?.();
      return { done: false, value: result };
    } catch (error) {
      if (isCut(error)) throw error;
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

function needsEvents(): GraphQLError {
  return new GraphQLError(
    'A subscription is answered as an event stream: send it with the header `Accept: text/event-stream`.',
    { extensions: { http: { status: 406 } } },
  );
}

/**
 * Executes with graphql-js, whose errors name the variable that is wrong, and which is the faster here.
 * Subscribes so that a message which goes to many streams with the same selection is executed once.
 */
export function useExecution(options: ExecutionOptions): Plugin<Context> {
  return {
    onExecute({ args, setExecuteFn, setResultAndStopExecution }) {
      const { allowance } = args.contextValue;
      const fault = faultOf(args, allowance);
      if (fault) setResultAndStopExecution({ errors: [fault] });
      else
        setExecuteFn(async (given: ExecutionArgs) =>
          allowance.check(await execute({ ...given, fieldResolver })),
        );
    },
    onSubscribe({ args, setSubscribeFn, setResultAndStopExecution }) {
      // Not run at all: it would end the session that the same peer has elsewhere.
      const fault = args.contextValue.takesEvents
        ? faultOf(args, new Allowance(selectionBytes))
        : needsEvents();
      if (fault) {
        setResultAndStopExecution({ errors: [fault] });
        return;
      }
      setSubscribeFn(async (given: ExecutionArgs) => {
        const source = await createSourceEventStream(given);
        if (!(Symbol.asyncIterator in source)) return source;
        const messages = source as AsyncIterable<Message, undefined>;
        return new Results(messages, selectionOf(given, options), options);
      });
    },
  };
}
