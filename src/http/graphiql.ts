import type { IncomingMessage, ServerResponse } from 'node:http';
import { GraphiQLPage } from './graphiql-page.ts';
import { sendInParts } from './respond.ts';

let page: Promise<GraphiQLPage> | undefined;

/** The page contains everything it needs, its workers included. It may call no server but this one. */
const policy = [
  "default-src 'none'",
  "script-src 'unsafe-inline' 'unsafe-eval' blob:",
  'worker-src blob:',
  "style-src 'unsafe-inline'",
  'img-src data: blob:',
  'font-src data:',
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Sends GraphiQL to a browser. */
export async function sendGraphiQL(req: IncomingMessage, res: ServerResponse): Promise<void> {
  page ??= GraphiQLPage.make().catch((error: unknown) => {
    page = undefined;
    throw error;
  });
  const made = await page;
  const { gzipped, etag } = made;
  const headers = {
    ETag: etag,
    'Cache-Control': 'no-cache',
    Vary: 'Origin, Accept, Accept-Encoding',
    'Content-Security-Policy': policy,
    'Referrer-Policy': 'no-referrer',
    'X-Content-Type-Options': 'nosniff',
  };
  if (isKnown(req.headers['if-none-match'], etag)) {
    res.writeHead(304, headers).end();
    return;
  }
  const compressed = takesGzip(req.headers['accept-encoding']);
  const body = compressed ? gzipped : await made.plain();
  res.writeHead(200, {
    ...headers,
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Length': body.length,
    ...(compressed && { 'Content-Encoding': 'gzip' }),
  });
  sendInParts(res, body);
}

function isKnown(header: string | undefined, etag: string): boolean {
  return header?.split(',').some((known) => known.trim().replace(/^W\//, '') === etag) ?? false;
}

function takesGzip(header: string | string[] | undefined): boolean {
  return /\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))/i.test(String(header ?? ''));
}
