import { setTimeout } from 'node:timers/promises';
import {
  createSourceEventStream,
  type DocumentNode,
  defaultFieldResolver,
  type ExecutionArgs,
  execute,
  GraphQLError,
  type GraphQLFieldResolver,
} from 'graphql';
import type { Plugin } from 'graphql-yoga';
import type { Message } from '../hub/hub.ts';
import { isCut } from '../hub/stream.ts';
import type { Context, MessageContext } from './context.ts';
import { jsonVariablesOf, withJsonTexts } from './json-arguments.ts';
import { operationError } from './limits.ts';
import { maxSelectionBytes, ResponseBudget } from './response-budget.ts';
import type { Result, Results } from './result.ts';
import { type Selection, Selections } from './selections.ts';

/** The longest pause before an event, so that a stream ends in time when its client has left. */
const maxPauseMs = 1000;

export interface ExecutionOptions {
  /** The most bytes of JSON in one `data` or `state`. The bounds of responses and events follow from it. */
  readonly maxDataBytes: number;
  /** Turns an error into the one that the client gets. */
  readonly toPublic: (error: unknown) => GraphQLError;
  /** Takes note of a query or mutation that is valid and within all limits. */
  readonly accept: (document: DocumentNode) => void;
}

/** Resolves fields without a resolver of their own, and charges their text to the budget: ids and names may be long. */
export const fieldResolver: GraphQLFieldResolver<unknown, MessageContext> = (source, args, context, info) => {
  const value: unknown = defaultFieldResolver(source, args, context, info);
  if (typeof value === 'string') context.budget.spend(Buffer.byteLength(value));
  return value;
};

/**
 * Turns a stream's messages into results, one at a time. Nothing queues here: the stream has the only backlog, and
 * bounds it. An error that ends the stream becomes the last result. A cut rejects unchanged.
 */
class MessageResults implements Results {
  readonly #messages: AsyncIterator<Message, undefined>;
  readonly #selection: Selection;
  readonly #context: Context;
  readonly #toPublic: ExecutionOptions['toPublic'];
  /** Undefined once it is called. */
  #onEnd: (() => void) | undefined;

  /** `onEnd` is called once. */
  constructor(
    messages: AsyncIterable<Message, undefined>,
    selection: Selection,
    context: Context,
    toPublic: ExecutionOptions['toPublic'],
    onEnd: () => void,
  ) {
    this.#messages = messages[Symbol.asyncIterator]();
    this.#selection = selection;
    this.#context = context;
    this.#toPublic = toPublic;
    this.#onEnd = onEnd;
  }

  get heartbeats(): boolean {
    return this.#context.heartbeats;
  }

  async next(): Promise<IteratorResult<Result, undefined>> {
    try {
      if (this.#selection.isLarge) await this.#pay();
      const step = await this.#messages.next();
      if (step.done) {
        this.#end();
        return { done: true, value: undefined };
      }
      const { account, streamPlace } = this.#context;
      if (step.value.type === 'Connected') streamPlace?.confirm(step.value.resumed);
      const result = this.#selection.resultFor(step.value, account);
      // Without `Connected`, the client cannot tell whether its session resumed. So the stream ends here.
      if (result.errors && step.value.type === 'Connected') await this.#messages.return?.();
      return { done: false, value: result };
    } catch (error) {
      this.#end();
      if (isCut(error)) throw error;
      await this.#messages.return?.();
      return { done: false, value: { errors: [this.#toPublic(error)] } };
    }
  }

  /** A reader with a large selection that is in debt gets its next event later. Its backlog is bounded in any case. */
  async #pay(): Promise<void> {
    const waitMs = this.#context.account.waitMs('answers');
    if (waitMs > 0) await setTimeout(Math.min(waitMs, maxPauseMs), undefined, { ref: false });
  }

  #end(): void {
    this.#onEnd?.();
    this.#onEnd = undefined;
  }

  async return(): Promise<IteratorResult<Result, undefined>> {
    this.#end();
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
  return { ...args, variableValues: withJsonTexts(jsonVariablesOf(args), variableValues, variablesText) };
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
  const selections = new Selections({ ...options, fieldResolver });
  return {
    onExecute({ args, setExecuteFn, setResultAndStopExecution }) {
      const { budget } = args.contextValue;
      const error = operationError(args, budget);
      if (error) {
        setResultAndStopExecution({ errors: [error] });
        return;
      }
      options.accept(args.document);
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
        const context = given.contextValue as Context;
        const { address } = context;
        const selection = selections.enter(given, address);
        const leave = () => selections.leave(selection, address);
        let source: Awaited<ReturnType<typeof createSourceEventStream>> | undefined;
        try {
          source = await createSourceEventStream(withTexts(given));
          if (!(Symbol.asyncIterator in source)) return source;
          // The stream needs them no more (G8).
          Object.assign(given, { variableValues: undefined });
          const messages = source as AsyncIterable<Message, undefined>;
          context.results = new MessageResults(messages, selection, context, options.toPublic, leave);
          return context.results;
        } finally {
          if (!source || !(Symbol.asyncIterator in source)) leave();
        }
      });
    },
  };
}
