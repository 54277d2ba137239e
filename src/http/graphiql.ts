import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { walk } from './walk.ts';

/** The page, compressed: its 9 MB are text. */
interface Page {
  readonly gzipped: Buffer;
  readonly etag: string;
}

let page: Promise<Page> | undefined;

/**
 * GraphiQL animates its tabs to where they stand already, and forgets to say so in their style: each
 * jumps away from under the first press, which is lost. Kept from moving, they can be clicked.
 */
const style = '<style>.graphiql-tab { transform: none !important; }</style>';

/** Loaded when the first browser asks: it is most of the server's code, and many servers never show it. */
async function makePage(): Promise<Page> {
  const { renderGraphiQL } = await import('@graphql-yoga/render-graphiql');
  const html = renderGraphiQL({
    title: 'Signalbox',
    subscriptionsProtocol: 'SSE',
    shouldPersistHeaders: true,
    defaultEditorToolsVisibility: 'headers',
    defaultTabs: walk,
  })
    .trimStart()
    .replace('</head>', `${style}</head>`);
  const etag = `"${createHash('sha256').update(html).digest('base64url')}"`;
  return { gzipped: await promisify(gzip)(html), etag };
}

/** Everything is in the page, and it talks to this server alone. Its workers are made from its own text. */
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

/** Answers a browser with GraphiQL. */
export async function sendGraphiQL(req: IncomingMessage, res: ServerResponse): Promise<void> {
  page ??= makePage().catch((error: unknown) => {
    page = undefined;
    throw error;
  });
  const { gzipped, etag } = await page;
  const headers = {
    ETag: etag,
    'Cache-Control': 'no-cache',
    Vary: 'Accept, Accept-Encoding',
    'Content-Security-Policy': policy,
    'Referrer-Policy': 'no-referrer',
    'X-Content-Type-Options': 'nosniff',
  };
  if (isKnown(req.headers['if-none-match'], etag)) {
    res.writeHead(304, headers).end();
    return;
  }
  const compressed = takesGzip(req.headers['accept-encoding']);
  const body = compressed ? gzipped : await promisify(gunzip)(gzipped);
  res.writeHead(200, {
    ...headers,
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Length': body.length,
    ...(compressed && { 'Content-Encoding': 'gzip' }),
  });
  res.end(body);
}

function isKnown(header: string | undefined, etag: string): boolean {
  return header?.split(',').some((known) => known.trim().replace(/^W\//, '') === etag) ?? false;
}

function takesGzip(header: string | string[] | undefined): boolean {
  return /\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))/i.test(String(header ?? ''));
}
