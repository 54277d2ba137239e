import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ExecutionResult } from 'graphql';
import type { Logger } from 'pino';
import { httpFaults } from '../errors.ts';
import type { Engine, Results } from '../graphql/engine.ts';
import type { Bodies } from './body.ts';
import { answerPreflight } from './cors.ts';
import { sendOnce } from './framing.ts';
import { sendGraphiQL } from './graphiql.ts';
import { HttpError } from './http-error.ts';
import { negotiate } from './negotiate.ts';
import { type GraphQLRequest, readRequest } from './request.ts';
import { noStore, outcomeOf, sendResult } from './respond.ts';
import { sse } from './sse.ts';
import { StreamPump } from './stream-pump.ts';

export interface GraphQLOptions {
  readonly engine: Engine;
  readonly log: Logger;
  /** The interval of the pings on a stream, in milliseconds. */
  readonly pingMs: number;
  readonly bodies: Bodies;
}

/** Answers a request to `/graphql`. `search` is the query string of its URL. Throws an `HttpError`. */
export async function answerGraphQL(
  req: IncomingMessage,
  res: ServerResponse,
  search: string,
  options: GraphQLOptions,
): Promise<void> {
  switch (req.method) {
    case 'OPTIONS':
      return answerPreflight(req, res);
    case 'GET':
      if (negotiate(req.headers.accept).page) return sendGraphiQL(req, res);
      break;
    case 'POST':
      break;
    default:
      throw new HttpError(httpFaults.methodNotAllowed('GET, POST, OPTIONS'));
  }
  const request = await readRequest(req, search, options.bodies);
  if (request) return run(res, request, options);
  options.log.debug('a client left before its request ran');
}

async function run(
  res: ServerResponse,
  { method, parameters, credentials, accepted }: GraphQLRequest,
  { engine, log, pingMs }: GraphQLOptions,
): Promise<void> {
  const result = await engine.run(parameters, { method, takesEvents: accepted.events, credentials });
  if (isResults(result)) return StreamPump.send(res, result, sse, { log, pingMs });
  const type = accepted.json ?? 'application/json';
  const outcome = outcomeOf(result, type);
  // An EventSource gives up at any status but 200. That is right if the error has a status of its own, such as 401.
  if (!accepted.json && outcome.status === 200) return sendOnce(res, sse, result);
  sendResult(res, result, type, outcome, method === 'GET' ? noStore : {});
}

function isResults(result: ExecutionResult | Results): result is Results {
  return Symbol.asyncIterator in result;
}
