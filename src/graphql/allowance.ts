import { type ExecutionResult, GraphQLError, type GraphQLResolveInfo } from 'graphql';
import { SignalboxError } from '../errors.ts';
import { roomBytes } from '../hub/bounds.ts';
import { countBytes } from './selection.ts';

/**
 * How much JSON one answer, or one event, may still take. A small query can ask for very much: a field may be
 * named any number of times, and lists are long. Resolvers ask for what they are about to add, and
 * add nothing once it is too much: then the answer is refused as a whole.
 */
export class Allowance {
  readonly #bytes: number;
  #left: number;

  constructor(bytes: number) {
    this.#bytes = bytes;
    this.#left = bytes;
  }

  /** Whether there is room for a JSON value. */
  grantsValue(value: unknown): boolean {
    if (value == null || this.#left < 0) return this.#left >= 0;
    return this.grants(Buffer.byteLength(JSON.stringify(value)));
  }

  /** Whether there is room for so many bytes. */
  grants(bytes: number): boolean {
    this.#left -= bytes;
    return this.#left >= 0;
  }

  /** Whether there is room for a list of so many, with what is selected of each. */
  grantsList(length: number, { fieldNodes, fragments }: GraphQLResolveInfo): boolean {
    let each = 0;
    for (const { selectionSet } of fieldNodes) each += countBytes(selectionSet, fragments);
    return this.grants(length * each);
  }

  /** The result of an execution; a refusal where it would have been too much: one has all of it, or nothing. */
  check(result: ExecutionResult): ExecutionResult {
    return this.#left < 0 ? { data: null, errors: [this.refusal()] } : result;
  }

  refusal(): GraphQLError {
    const message =
      `What is asked for has more than ${this.#bytes} bytes as JSON: ` +
      'select fewer fields, or ask for one room at a time.';
    return new GraphQLError(message, { originalError: new SignalboxError('PAYLOAD_TOO_LARGE', message) });
  }
}

/** Of an answer: as much as one room may come to. */
export function answerBytes(maxDataBytes: number): number {
  return 2 * roomBytes(maxDataBytes);
}

/**
 * Of an event: one `data` and one `state`, and as much again. `Connected` may be as large as an answer, for its rooms.
 */
export function eventBytes(maxDataBytes: number): number {
  return 4 * maxDataBytes + 64 * 1024;
}

/**
 * Of what a subscription selects, where all values are short. Each event takes that much time, for each stream that
 * has a selection of its own. All there is to select has 2 KB.
 */
export const selectionBytes = 32 * 1024;
