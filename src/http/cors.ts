import type { IncomingMessage, ServerResponse } from 'node:http';

/**
 * Pages of every origin may call the API. This is safe because the API reads no cookies: a page has to send a
 * token on purpose, so another site can do nothing in its visitor's name.
 */
export const corsHeaders = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Expose-Headers': 'Retry-After',
} as const;

/** The request headers that the API reads: the answer to a preflight that names no headers. */
const readHeaders = 'authorization, content-type, last-event-id, cache-control';

/** Answers a preflight. Browsers keep the answer for a day, so a client pays one round trip for it. */
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
