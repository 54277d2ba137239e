import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ExecutionResult } from 'graphql';
import type { Logger } from 'pino';
import { httpFaults } from '../errors.ts';
import type { Engine, Results } from '../graphql/engine.ts';
import type { Bodies } from './body.ts';
import type { Cors } from './cors.ts';
import { sendOnce, sendRetry } from './framing.ts';
import { sendGraphiQL } from './graphiql.ts';
import { HttpError } from './http-error.ts';
import { type Accepted, negotiate } from './negotiate.ts';
import { type GraphQLRequest, isEventSource, readRequest } from './request.ts';
import { isTemporary, outcomeOf, sendResult, toResult } from './respond.ts';
import { sse } from './sse.ts';
import type { Standstill } from './standstill.ts';
import { StreamPump } from './stream-pump.ts';

export interface GraphQLOptions {
  readonly engine: Engine;
  readonly log: Logger;
  /** The interval of the pings on a stream, in milliseconds. */
  readonly pingMs: number;
  readonly bodies: Bodies;
  readonly cors: Cors;
  /** Whether a browser gets GraphiQL. */
  readonly graphiql: boolean;
  readonly standstill: Standstill;
}

/** Answers a request to `/graphql`. `search` is the query string of its URL. Throws an `HttpError`. */
export async function answerGraphQL(
  req: IncomingMessage,
  res: ServerResponse,
  search: string,
  options: GraphQLOptions,
): Promise<void> {
  const accepted = negotiate(req.headers.accept);
  switch (req.method) {
    case 'OPTIONS':
      return options.cors.answerPreflight(req, res);
    case 'GET':
      if (!accepted.page) break;
      if (options.graphiql) return sendGraphiQL(req, res);
      if (search === '') throw new HttpError(httpFaults.noGraphiQL);
      break;
    case 'POST':
      break;
    default:
      throw new HttpError(httpFaults.methodNotAllowed('GET, POST, OPTIONS'));
  }
  try {
    const request = await readRequest(req, search, accepted, options.bodies, options.standstill);
    if (request) return await run(req, res, accepted, request, options);
    options.log.debug('a client left before its request ran');
    // It may only have closed its side, and still read.
    if (!req.socket.destroyed) throw new HttpError(httpFaults.tooOld);
  } catch (error) {
    if (!(error instanceof HttpError) || !isEventSource(req, accepted)) throw error;
    sendToEventSource(res, toResult(error));
  }
}

async function run(
  req: IncomingMessage,
  res: ServerResponse,
  accepted: Accepted,
  { method, parameters, credentials, takesEvents }: GraphQLRequest,
  { engine, log, pingMs }: GraphQLOptions,
): Promise<void> {
  const result = await engine.run(parameters, { method, takesEvents, credentials });
  if (isResults(result)) return StreamPump.send(res, result, sse, { log, pingMs });
  if (isEventSource(req, accepted)) return sendToEventSource(res, result);
  const type = accepted.json ?? 'application/json';
  const outcome = outcomeOf(result, type);
  if (!accepted.json && outcome.status === 200) return sendOnce(res, sse, result);
  sendResult(res, result, type, outcome);
}

/**
 * An EventSource hides the status from its page, and gives up for good at any but 200. So it gets an error as an
 * event; if the error may pass, it gets none and comes back by itself.
 */
function sendToEventSource(res: ServerResponse, result: ExecutionResult): void {
  if (isTemporary(result)) sendRetry(res, sse);
  else sendOnce(res, sse, result);
}

function isResults(result: ExecutionResult | Results): result is Results {
  return Symbol.asyncIterator in result;
}
