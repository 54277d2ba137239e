import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ExecutionResult } from 'graphql';
import type { Logger } from 'pino';
import type { Credentials } from '../graphql/context.ts';
import type { Engine, Params, Results } from '../graphql/engine.ts';
import { outcome, sendJson, toBody } from './answer.ts';
import type { Bodies } from './body.ts';
import { answerPreflight } from './cors.ts';
import { sendGraphiQL } from './graphiql.ts';
import { type Accepted, negotiate } from './negotiate.ts';
import { Refusal, wrongMethod } from './refusal.ts';
import { credentialsOf, hasLeft, paramsOfBody, paramsOfQuery, parseSearch } from './request.ts';
import { EventStream, sendEvent } from './sse.ts';

export interface GraphQLOptions {
  readonly engine: Engine;
  readonly log: Logger;
  readonly pingMs: number;
  readonly bodies: Bodies;
}

const notAcceptable =
  'Accept one of `application/graphql-response+json`, `application/json` and `text/event-stream`.';

/** Answers what comes to `/graphql`. Throws a `Refusal`. */
export async function answerGraphQL(
  req: IncomingMessage,
  res: ServerResponse,
  search: string,
  options: GraphQLOptions,
): Promise<void> {
  const accepted = negotiate(req.headers.accept);
  switch (req.method) {
    case 'POST': {
      refuseUnlessAnswerable(accepted);
      const params = await paramsOfBody(req, options.bodies);
      if (!params) {
        options.log.debug('a client went away before the end of its request');
        return;
      }
      return run(req, res, accepted, params, 'POST', credentialsOf(req), options);
    }
    case 'GET': {
      if (accepted.page) return sendGraphiQL(req, res);
      refuseUnlessAnswerable(accepted);
      const parsed = parseSearch(search);
      // An EventSource takes nothing else. Whoever can take JSON as well can set a header.
      const isEventSource = accepted.events && !accepted.json;
      const credentials = credentialsOf(req, isEventSource ? parsed : undefined);
      return run(req, res, accepted, paramsOfQuery(parsed), 'GET', credentials, options);
    }
    case 'OPTIONS':
      return answerPreflight(req, res);
    default:
      throw wrongMethod('GET, POST, OPTIONS');
  }
}

function refuseUnlessAnswerable({ json, events }: Accepted): void {
  if (!json && !events) throw new Refusal(406, notAcceptable);
}

async function run(
  req: IncomingMessage,
  res: ServerResponse,
  accepted: Accepted,
  params: Params,
  method: 'GET' | 'POST',
  credentials: Credentials,
  { engine, log, pingMs }: GraphQLOptions,
): Promise<void> {
  // Whoever has left may be at another node by now, whose stream would end with one that is opened here.
  if (accepted.events && (await hasLeft(req))) return;
  const result = await engine.run(params, { method, takesEvents: accepted.events, credentials });
  if (isResults(result)) return EventStream.send(res, result, { log, pingMs });
  const type = accepted.json ?? 'application/json';
  const { status, headers } = outcome(result, type);
  // An EventSource stops for good at a status that is not 200, as it should where its token is refused.
  if (!accepted.json && status === 200) return sendEvent(res, result);
  if (req.method === 'GET') headers['Cache-Control'] = 'no-store';
  sendJson(res, status, type, toBody(result), headers);
}

function isResults(result: ExecutionResult | Results): result is Results {
  return Symbol.asyncIterator in result;
}
