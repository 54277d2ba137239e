import {
  type DocumentNode,
  type ExecutionArgs,
  executeSync,
  type FragmentDefinitionNode,
  type GraphQLError,
  type GraphQLFieldResolver,
  getOperationAST,
  Kind,
  visit,
} from 'graphql';
import { rateLimited } from '../errors.ts';
import type { Cursor, Message } from '../hub/hub.ts';
import { JsonText } from '../json-text.ts';
import type { Account } from '../limits/account.ts';
import type { Context, MessageContext } from './context.ts';
import { bytesOfRooms } from './metering.ts';
import { compile, type Plan } from './prepared/plan.ts';
import { estimateBytes, estimateBytesWithout } from './query-cost.ts';
import { maxEventBytes, maxResponseBytes, ResponseBudget } from './response-budget.ts';
import type { Result } from './result.ts';

export interface SelectionOptions {
  /** The most bytes of JSON in one `data` or `state`. The bound of events follows from it. */
  readonly maxDataBytes: number;
  /** Turns an error into the one that the client gets. */
  readonly toPublic: (error: unknown) => GraphQLError;
  readonly fieldResolver: GraphQLFieldResolver<unknown, MessageContext>;
}

/** Fields of one message up to this size cost a stream nothing: all fields of any message take less. */
const freeEventBytes = 1024;
/** A larger selection takes time: its reader is charged as if the answer had so many times its bytes. */
const eventFactor = 8;
/** The bound of all selections of an address that differ, together: about 20 of ordinary clients. */
export const maxAddressSelectionBytes = 64 * 1024;
const tooManySelections =
  'The streams of your address select too many different sets of fields: send the same query text for all of them.';
/** Nobody can tell when the address will close a stream. */
const retryAfterMs = 5000;

const cursors = new WeakMap<Result, Cursor>();

/**
 * The cursor of the message behind a subscription's result. Undefined for heartbeats and errors. All streams with
 * the same selection share one result object, so it can serve as a key for anything derived from it.
 */
export function cursorOf(result: Result): Cursor | undefined {
  return cursors.get(result);
}

const messageTypes = ['Connected', 'PeerAdded', 'PeerChanged', 'PeerRemoved', 'Signal', 'Heartbeat'] as const;
/** Functions that estimate the size of the fields that are selected of one type of message. */
const estimates = messageTypes.map(
  (type) => [type, estimateBytesWithout(messageTypes.filter((other) => other !== type))] as const,
);

/** The fields that a subscription selects of each message. Subscriptions with the same selection share results. */
class Selection {
  readonly key: string;
  /** The size of all selected fields, if all values are short, or of the text that selects them. */
  readonly bytes: number;
  /** How many streams of each address have this selection. */
  readonly streams = new Map<string, number>();
  /** What an event costs its reader, by the types of message of which more than usual is selected. */
  readonly #costs = new Map<string, number>();
  readonly #results = new WeakMap<Message, Result>();
  readonly #args: ExecutionArgs;
  /** Undefined if only graphql-js can make results. */
  readonly #plan: Plan | undefined;
  readonly #options: SelectionOptions;

  constructor(key: string, args: ExecutionArgs, options: SelectionOptions) {
    this.key = key;
    this.#args = dependsOnVariables(args.document)
      ? { ...args, contextValue: undefined }
      : {
          ...args,
          contextValue: undefined,
          variableValues: undefined,
          document: withoutArguments(args.document),
        };
    this.#options = options;
    this.#plan = compile(args.document, { schema: args.schema, fieldResolver: options.fieldResolver });
    const fragments: Record<string, FragmentDefinitionNode> = {};
    for (const definition of args.document.definitions) {
      if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments[definition.name.value] = definition;
    }
    const root = getOperationAST(args.document, args.operationName)?.selectionSet;
    this.bytes = Math.max(estimateBytes(root, fragments), key.length);
    for (const [type, estimate] of estimates) {
      const bytes = estimate(root, fragments);
      if (type !== 'Connected' && bytes > freeEventBytes) this.#costs.set(type, eventFactor * bytes);
    }
  }

  /** Whether events may cost their reader something. */
  get isLarge(): boolean {
    return this.#costs.size > 0;
  }

  /**
   * The result for one message, made once. It is synchronous, because all resolvers of messages are. `account` pays if
   * the result is made for it, and is more than ordinary.
   */
  resultFor(message: Message, account: Account): Result {
    let result = this.#results.get(message);
    if (!result) {
      let budget = this.#budgetFor(message);
      result = this.#write(message, budget);
      if (!result) {
        budget = this.#budgetFor(message);
        result = this.#execute(message, budget);
      }
      if (!result.errors && message.type !== 'Heartbeat') cursors.set(result, message.cursor);
      this.#results.set(message, result);
      // The client asked for its rooms. It did not ask for what others send.
      if (message.type === 'Connected')
        account.charge('answers', Math.max(budget.spent, bytesOfRooms(message.rooms)));
      else account.charge('answers', this.#costs.get(message.type) ?? 0);
    }
    return result;
  }

  #budgetFor({ type }: Message): ResponseBudget {
    return new ResponseBudget(
      (type === 'Connected' ? maxResponseBytes : maxEventBytes)(this.#options.maxDataBytes),
    );
  }

  /** The result as text. Undefined if the message is too large, or not as plain as its type: graphql-js has an error then. */
  #write(message: Message, budget: ResponseBudget): Result | undefined {
    const [field] = this.#plan?.fields ?? [];
    if (!field) return undefined;
    try {
      const context = { budget };
      const text = `{${field.write(field.resolve(message, {}, context), context)}}`;
      return budget.exceeded ? undefined : { data: JsonText.ofCompact(text) };
    } catch {
      return undefined;
    }
  }

  #execute(message: Message, budget: ResponseBudget): Result {
    const { toPublic, fieldResolver } = this.#options;
    const contextValue: MessageContext = { budget };
    const result = budget.check(
      executeSync({ ...this.#args, rootValue: message, contextValue, fieldResolver }),
    );
    return result.errors ? { ...result, errors: result.errors.map(toPublic) } : result;
  }
}

export type { Selection };

/**
 * The selections of all open streams. Selections that differ are executed for each event once more, so an address may
 * have only so many (G13).
 */
export class Selections {
  readonly #options: SelectionOptions;
  readonly #open = new Map<string, Selection>();
  /** The bytes of the selections of each address. */
  readonly #bytes = new Map<string, number>();

  constructor(options: SelectionOptions) {
    this.#options = options;
  }

  /** Counts one more stream with this selection. Throws `RATE_LIMITED`. Call `leave` when the stream has ended. */
  enter(args: ExecutionArgs, address: string): Selection {
    const key = keyOf(args);
    const selection = this.#open.get(key) ?? new Selection(key, args, this.#options);
    const streams = selection.streams.get(address) ?? 0;
    if (streams === 0) this.#addBytes(address, selection.bytes);
    selection.streams.set(address, streams + 1);
    this.#open.set(key, selection);
    return selection;
  }

  leave(selection: Selection, address: string): void {
    const streams = (selection.streams.get(address) ?? 0) - 1;
    if (streams > 0) {
      selection.streams.set(address, streams);
      return;
    }
    selection.streams.delete(address);
    this.#addBytes(address, -selection.bytes);
    if (selection.streams.size === 0) this.#open.delete(selection.key);
  }

  #addBytes(address: string, change: number): void {
    const before = this.#bytes.get(address) ?? 0;
    const bytes = before + change;
    if (change > 0 && bytes > maxAddressSelectionBytes) {
      throw rateLimited(tooManySelections, retryAfterMs);
    }
    if (bytes === 0) this.#bytes.delete(address);
    else this.#bytes.set(address, bytes);
  }
}

/** Selections with the same key have the same results: the text, the operation, and the variables that matter. */
function keyOf({ document, operationName, variableValues, contextValue }: ExecutionArgs): string {
  // The text as it came: to write a value of many levels would need too deep a stack.
  const { variablesText = JSON.stringify(variableValues) } = contextValue as Pick<Context, 'variablesText'>;
  const variables = dependsOnVariables(document) ? variablesText : '';
  return `${operationName ?? ''}\n${variables}\n${document.loc?.source.body ?? ''}`;
}

/** The document without the arguments of its root fields. Messages do not depend on them, so no variable need be kept. */
function withoutArguments(document: DocumentNode): DocumentNode {
  const definitions = document.definitions.map((definition) => {
    if (definition.kind !== Kind.OPERATION_DEFINITION) return definition;
    const selections = definition.selectionSet.selections.map((one) =>
      one.kind === Kind.FIELD ? { ...one, arguments: [] } : one,
    );
    return {
      ...definition,
      variableDefinitions: [],
      selectionSet: { ...definition.selectionSet, selections },
    };
  });
  return { ...document, definitions };
}

const variableSelections = new WeakMap<DocumentNode, boolean>();

/**
 * Whether a variable can change the results. A variable in an argument of the root field cannot: it only decides
 * with which message the stream begins.
 */
function dependsOnVariables(document: DocumentNode): boolean {
  let found = variableSelections.get(document);
  if (found === undefined) {
    found = findVariable(document);
    variableSelections.set(document, found);
  }
  return found;
}

function findVariable(document: DocumentNode): boolean {
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
