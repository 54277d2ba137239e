import { GraphQLError } from 'graphql';
import { SignalboxError } from '../errors.ts';
import { maxRoomBytes } from '../hub/bounds.ts';
import type { JsonText } from '../json-text.ts';
import type { FieldInfo } from './context.ts';
import { estimateBytes } from './query-cost.ts';
import type { Result } from './result.ts';

/**
 * How many bytes of JSON one response or event may still take. A small query can ask for a huge response: it may
 * repeat a field under many names, and lists are long. So resolvers charge the budget before they return a value,
 * and return nothing once the budget is exceeded. The whole response is then refused.
 */
export class ResponseBudget {
  readonly #maxBytes: number;
  #left: number;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
    this.#left = maxBytes;
  }

  /** How many bytes were asked for. */
  get spent(): number {
    return this.#maxBytes - this.#left;
  }

  /** Whether all further values would be refused. */
  get exceeded(): boolean {
    return this.#left < 0;
  }

  /** Charges this many bytes. False if the budget is exceeded. */
  spend(bytes: number): boolean {
    this.#left -= bytes;
    return this.#left >= 0;
  }

  /** A budget of what is left. What it spends is not charged here, unless the caller does. */
  rest(): ResponseBudget {
    return new ResponseBudget(this.#left);
  }

  /** Charges the size of a JSON value. False if the budget is exceeded. */
  spendOnValue(value: JsonText): boolean {
    return this.spend(value.bytes);
  }

  /** Charges a list: for each element, the estimated size of its selected fields. False if the budget is exceeded. */
  spendOnList(length: number, { fieldNodes, fragments }: FieldInfo): boolean {
    let bytesEach = 0;
    for (const { selectionSet } of fieldNodes) bytesEach += estimateBytes(selectionSet, fragments);
    return this.spend(length * bytesEach);
  }

  /** The result as it is, or an error without any data if the budget is exceeded. */
  check(result: Result): Result {
    return this.#left < 0 ? { data: null, errors: [this.error()] } : result;
  }

  error(): GraphQLError {
    const message =
      `The response would exceed ${this.#maxBytes} bytes: ` +
      'select fewer fields, or ask for one room at a time.';
    return new GraphQLError(message, { originalError: new SignalboxError('PAYLOAD_TOO_LARGE', message) });
  }
}

/** The bound of a response: one room at its largest. */
export function maxResponseBytes(maxDataBytes: number): number {
  return 2 * maxRoomBytes(maxDataBytes);
}

/**
 * The bound of an event: twice the size of the largest `data` and `state` together, and 64 KiB. `Connected` may be
 * as large as a response, because it holds rooms.
 */
export function maxEventBytes(maxDataBytes: number): number {
  return 4 * maxDataBytes + 64 * 1024;
}

/**
 * The bound of a subscription's selected fields, if all values are short. It limits the time that each event
 * takes, which is spent again for each stream with a selection of its own. All fields of all messages take 2 KB.
 */
export const maxSelectionBytes = 8 * 1024;
