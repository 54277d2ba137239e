import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import { httpFaults } from '../errors.ts';
import { answerHealth, answerReady } from '../http/health.ts';
import { hostCheck } from '../http/hosts.ts';
import { checkReads, HttpError } from '../http/http-error.ts';
import { sendError } from '../http/respond.ts';
import { targetOf } from '../http/target.ts';
import type { Metrics } from './metrics.ts';

export interface AdminOptions {
  readonly metrics: Metrics;
  readonly ready: () => boolean;
  /** The address to listen on. On a loopback address, the server checks the header `Host`. */
  readonly host: string;
  readonly log: Logger;
}

/** The HTTP server for operators. Whoever can reach it may read all of it. Does not listen yet. */
export function createAdminServer({ metrics, ready, host, log }: AdminOptions): Server {
  const checkHost = hostCheck(host);
  async function answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    checkHost(req);
    checkReads(req);
    switch (targetOf(req).path) {
      case '/metrics':
        res.writeHead(200, { 'Content-Type': metrics.contentType, 'Cache-Control': 'no-store' });
        res.end(await metrics.text());
        return;
      case '/health':
        answerHealth(res);
        return;
      case '/ready':
        answerReady(res, ready(), undefined);
        return;
      default:
        throw new HttpError(httpFaults.notFound('/metrics'));
    }
  }
  return createServer({ requireHostHeader: false }, (req, res) => {
    answer(req, res).catch((error: unknown) => sendError(res, error, log));
  });
}
