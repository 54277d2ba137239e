import type { IncomingMessage, ServerResponse } from 'node:http';

/**
 * A page of any origin may call. No cookie is ever looked at, tokens are sent on purpose, so another
 * site's page can do nothing in its visitor's name that it could not do from anywhere else.
 */
export const corsHeaders = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Expose-Headers': 'Retry-After',
} as const;

/** What browsers may ask for where a preflight names nothing: all that the API reads. */
const readHeaders = 'authorization, content-type, last-event-id, cache-control';

/** Answers a preflight, for the day, so that it costs a client one round trip and no more. */
export function answerPreflight(req: IncomingMessage, res: ServerResponse): void {
  res.writeHead(204, {
    ...corsHeaders,
    Allow: 'GET, POST, OPTIONS',
    'Access-Control-Allow-Methods': 'GET, POST, OPTIONS',
    'Access-Control-Allow-Headers': req.headers['access-control-request-headers'] || readHeaders,
    'Access-Control-Max-Age': '86400',
    Vary: 'Access-Control-Request-Headers',
  });
  res.end();
}
