import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { graphiqlTabs } from './graphiql-tabs.ts';

/** The page. It is kept compressed, because it has 9 MB of text. */
interface Page {
  readonly gzipped: Buffer;
  readonly etag: string;
}

let page: Promise<Page> | undefined;

/**
 * Keeps the tabs of GraphiQL in place. GraphiQL animates a tab at the first press, even if its position is right
 * already: the tab jumps away from the pointer, and the click is lost.
 */
const style = '<style>.graphiql-tab { transform: none !important; }</style>';

/** Loads GraphiQL when the first browser asks for it: it is large, and many servers never show it. */
async function makePage(): Promise<Page> {
  const { renderGraphiQL } = await import('@graphql-yoga/render-graphiql');
  const html = renderGraphiQL({
    title: 'Signalbox',
    subscriptionsProtocol: 'SSE',
    shouldPersistHeaders: true,
    defaultEditorToolsVisibility: 'headers',
    defaultTabs: graphiqlTabs,
  })
    .trimStart()
    .replace('</head>', `${style}</head>`);
  const etag = `"${createHash('sha256').update(html).digest('base64url')}"`;
  return { gzipped: await promisify(gzip)(html), etag };
}

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
  page ??= makePage().catch((error: unknown) => {
    page = undefined;
    throw error;
  });
  const { gzipped, etag } = await page;
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
