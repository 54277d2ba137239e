import { getOperationAST, parse } from 'graphql';
import type { Params } from '../graphql/engine.ts';

/** A document of more tokens than this is none of a client's that only wants its messages. */
const maxTokens = 20_000;

/**
 * Whether a request is a subscription. It is asked before the request is run where the client cannot
 * take an event stream: run, `messages` would end the session that the same peer has elsewhere.
 */
export function isSubscription({ query, operationName }: Params): boolean {
  // Almost every request is told from its text alone.
  if (typeof query !== 'string' || !query.includes('subscription')) return false;
  try {
    const name = typeof operationName === 'string' ? operationName : undefined;
    const document = parse(query, { maxTokens, noLocation: true });
    return getOperationAST(document, name)?.operation === 'subscription';
  } catch {
    // What cannot be parsed cannot run either, and the engine says what is wrong with it.
    return false;
  }
}
