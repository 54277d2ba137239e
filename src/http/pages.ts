import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { PageGroup } from '../pages/build.ts';
import { type PageFile, pageFiles, withoutGraphiQL } from './page-files.ts';
import { sendInParts } from './respond.ts';
import { linkFrom } from './target.ts';

/** Pages run only their own files, and connect only to this server. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' blob: data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

interface Place {
  readonly group: PageGroup;
  /** The path of the file below the server's root. */
  readonly name: string;
}

/** The start page, the drawing room, GraphiQL, and the browser client. */
export class Pages {
  readonly #graphiql: boolean;

  /** `graphiql`: whether GraphiQL is served. */
  constructor({ graphiql }: { readonly graphiql: boolean }) {
    this.#graphiql = graphiql;
  }

  /** Whether the path is below that of a page. There may still be no such page. */
  has(path: string): boolean {
    return path === '/draw' || this.#placeOf(path) !== undefined;
  }

  /**
   * Answers a request for a page. `path` is below the base path, without a slash at its end. Resolves to false if there
   * is no such page.
   */
  async answer(req: IncomingMessage, res: ServerResponse, path: string): Promise<boolean> {
    // Links in the start page and in the drawing room are relative to these places.
    if (path === '/draw') return redirect(res, linkFrom(req, randomBytes(6).toString('base64url')));
    const slash = linkFrom(req, '');
    if (path === '/' && slash !== '') return redirect(res, slash);
    if (path.startsWith('/draw/') && slash === '') return redirect(res, `../${path.slice('/draw/'.length)}`);
    const place = this.#placeOf(path);
    const file = place && (await pageFiles(place.group)).get(place.name);
    if (!file) return false;
    send(req, res, path === '/' && !this.#graphiql ? await withoutGraphiQL(file) : file);
    return true;
  }

  #placeOf(path: string): Place | undefined {
    const isGraphiQL = path === '/graphql' || path.startsWith('/graphiql/');
    const name = nameOf(path);
    if (name === undefined || (isGraphiQL && !this.#graphiql)) return undefined;
    return { group: isGraphiQL ? 'graphiql' : 'pages', name };
  }
}

function redirect(res: ServerResponse, location: string): true {
  res.writeHead(302, { Location: location, 'Cache-Control': 'no-store', 'Content-Length': 0 }).end();
  return true;
}

function nameOf(path: string): string | undefined {
  if (path === '/') return 'start/index.html';
  if (path === '/graphql') return 'graphiql/index.html';
  if (/^\/draw\/[^/]+$/.test(path)) return 'draw/index.html';
  if (path === '/client.js' || /^\/(assets|graphiql)\/.*(?<!\.html)$/.test(path)) return path.slice(1);
  return undefined;
}

function send(
  req: IncomingMessage,
  res: ServerResponse,
  { body, gzipped, type, etag, immutable }: PageFile,
): void {
  const headers = {
    ETag: etag,
    'Cache-Control': immutable ? 'public, max-age=31536000, immutable' : 'no-cache',
    Vary: [res.getHeader('Vary'), 'Accept, Accept-Encoding'].filter(Boolean).join(', '),
    'Content-Security-Policy': policy,
    'Referrer-Policy': 'no-referrer',
    'X-Content-Type-Options': 'nosniff',
  };
  if (isKnown(req.headers['if-none-match'], etag)) {
    res.writeHead(304, headers).end();
    return;
  }
  const compressed = takesGzip(req.headers['accept-encoding']);
  const bytes = compressed ? gzipped : body;
  res.writeHead(200, {
    ...headers,
    'Content-Type': type,
    'Content-Length': bytes.length,
    ...(compressed && { 'Content-Encoding': 'gzip' }),
  });
  if (req.method === 'HEAD') res.end();
  else sendInParts(res, bytes);
}

/** Browsers send one ETag, or a few. */
const maxETags = 8;

function isKnown(header: string | undefined, etag: string): boolean {
  return header?.split(',', maxETags).some((known) => known.trim().replace(/^W\//, '') === etag) ?? false;
}

function takesGzip(header: string | string[] | undefined): boolean {
  return /\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))/i.test(String(header ?? ''));
}
