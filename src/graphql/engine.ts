import type { ExecutionResult } from 'graphql';
import type { EntryId } from '../hub/hub.ts';
import type { Credentials, Services } from './context.ts';

/** What a GraphQL request consists of, as it came in: nothing of it is checked yet. */
export interface Params {
  readonly query?: unknown;
  readonly variables?: unknown;
  readonly operationName?: unknown;
  readonly extensions?: unknown;
}

/** Results of one subscription, each with the id of its entry (none on errors and heartbeats). */
export type Results = AsyncIterableIterator<ExecutionResult>;

export interface Engine {
  /**
   * Runs one request. Never throws for what the client did: errors are in the result, with the HTTP
   * status they ask for in `extensions.http` (`toBody` leaves that out).
   */
  run(params: Params, method: 'GET' | 'POST', credentials: Credentials): Promise<ExecutionResult | Results>;
}

export declare function createEngine(services: Services): Engine;

/**
 * The id of the entry that a subscription's result was made of. A result is shared by all streams
 * with the same selection, so what is derived from it can be kept beside it.
 */
export declare function entryIdOf(result: ExecutionResult): EntryId | undefined;
