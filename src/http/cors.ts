import type { IncomingMessage, ServerResponse } from 'node:http';

/** The request headers that the API reads: the answer to a preflight that names no headers. */
const readHeaders = 'authorization, content-type, last-event-id, cache-control';

/**
 * Which pages may call the API. By default, pages of every origin may. This is safe because the API reads no
 * cookies: a page has to send a token on purpose, so another site can do nothing in its visitor's name.
 */
export class Cors {
  readonly #origins: ReadonlySet<string> | undefined;

  /** `origins`: `*`, or each origin in the form of the header `Origin`. */
  constructor(origins: '*' | readonly string[]) {
    this.#origins = origins === '*' ? undefined : new Set(origins);
  }

  /**
   * Sets the headers that let the page read the response, whatever the response is. A page of an origin that is
   * not listed gets none. With a list, credentials are allowed too: a proxy in front may ask for them.
   */
  allow(req: IncomingMessage, res: ServerResponse): void {
    if (!this.#origins) {
      res.setHeader('Access-Control-Allow-Origin', '*');
    } else {
      res.setHeader('Vary', 'Origin');
      const { origin } = req.headers;
      if (origin === undefined || !this.#origins.has(origin)) return;
      res.setHeader('Access-Control-Allow-Origin', origin);
      res.setHeader('Access-Control-Allow-Credentials', 'true');
    }
    res.setHeader('Access-Control-Expose-Headers', 'Retry-After');
  }

  /** Answers a preflight. Browsers keep the answer for a day, so a client pays one round trip for it. */
  answerPreflight(req: IncomingMessage, res: ServerResponse): void {
    const allowed = res.hasHeader('Access-Control-Allow-Origin');
    res.writeHead(204, {
      Allow: 'GET, POST, OPTIONS',
      ...(allowed && {
        'Access-Control-Allow-Methods': 'GET, POST, OPTIONS',
        'Access-Control-Allow-Headers': req.headers['access-control-request-headers'] || readHeaders,
        'Access-Control-Max-Age': '86400',
      }),
      Vary: `${this.#origins ? 'Origin, ' : ''}Access-Control-Request-Headers`,
    });
    res.end();
  }
}
