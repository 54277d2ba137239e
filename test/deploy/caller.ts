import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import type { Body } from '../support/client.ts';
import type { Site } from './load-balancer.ts';

export interface CallerOptions {
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** The address of loopback to call from. 127.0.0.1 by default. */
  readonly from?: string;
}

/** What the load balancer answered. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
}

/** Calls the API through a load balancer, over TLS and one kept connection. */
export class Caller {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1, rejectUnauthorized: false });
  readonly #site: Site;
  readonly #options: CallerOptions;

  constructor(site: Site, options: CallerOptions = {}) {
    this.#site = site;
    this.#options = options;
  }

  /** Posts an operation. Rejects if the connection breaks before the answer is complete. */
  async post(query: string, variables: object = {}): Promise<Body> {
    const body = JSON.stringify({ query, variables });
    const { text } = await this.ask('POST', '/graphql', { 'content-type': 'application/json' }, body);
    return JSON.parse(text);
  }

  /** Sends a request, and reads its answer to the end. */
  async ask(
    method: string,
    path: string,
    headers: Readonly<Record<string, string>> = {},
    body = '',
  ): Promise<Answer> {
    const response = await this.open(method, path, headers, body);
    const chunks: string[] = [];
    for await (const chunk of response.setEncoding('utf8')) chunks.push(chunk);
    return { status: response.statusCode ?? 0, headers: response.headers, text: chunks.join('') };
  }

  /** Sends a request. Resolves at the headers of its answer. */
  async open(
    method: string,
    path: string,
    headers: Readonly<Record<string, string>> = {},
    body = '',
  ): Promise<IncomingMessage> {
    const { token, from = '127.0.0.1', headers: always } = this.#options;
    const req = request({
      host: '127.0.0.1',
      port: this.#site.httpsPort,
      servername: 'localhost',
      localAddress: from,
      agent: this.#agent,
      method,
      path,
      headers: {
        host: `localhost:${this.#site.httpsPort}`,
        'content-length': Buffer.byteLength(body),
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...always,
        ...headers,
      },
    });
    req.end(body);
    const [response] = (await once(req, 'response')) as [IncomingMessage];
    return response;
  }

  close(): void {
    this.#agent.destroy();
  }
}
