import { createHash, randomBytes } from 'node:crypto';
import { existsSync, globSync, readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { PageFiles } from '../pages/build.ts';
import { linkFrom } from './target.ts';

interface Asset {
  readonly body: Buffer;
  readonly gzipped: Buffer;
  readonly type: string;
  readonly etag: string;
  /** Whether the name has a hash of the content in it, so that a browser can keep it for ever. */
  readonly immutable: boolean;
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
};

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

/** Where `npm run build` puts the pages. A checkout has none: there they are built when a browser first asks. */
const builtFolder = fileURLToPath(new URL('../pages/built/', import.meta.url));

/** The start page, the drawing room, and the browser client. */
export class Pages {
  #assets: Promise<ReadonlyMap<string, Asset>> | undefined;

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
    const name = nameOf(path);
    if (name === undefined) return false;
    this.#assets ??= this.#load().catch((error: unknown) => {
      this.#assets = undefined;
      throw error;
    });
    const asset = (await this.#assets).get(name);
    if (!asset) return false;
    send(req, res, asset);
    return true;
  }

  async #load(): Promise<ReadonlyMap<string, Asset>> {
    const assets = new Map<string, Asset>();
    for (const [name, content] of await readPages()) {
      const body = Buffer.from(
        isStart(name) ? String(content).replaceAll('../assets/', './assets/') : content,
      );
      assets.set(name, {
        body,
        gzipped: await promisify(gzip)(body),
        type: types[extname(name)] ?? 'application/octet-stream',
        etag: `"${createHash('sha256').update(body).digest('base64url')}"`,
        immutable: name.startsWith('assets/'),
      });
    }
    return assets;
  }
}

/** Whether the path is below that of a page. There may still be no such page. */
export function isPage(path: string): boolean {
  return path === '/draw' || nameOf(path) !== undefined;
}

/** The start page is served one folder above the place where it was built. */
function isStart(name: string): boolean {
  return name === 'start/index.html';
}

function redirect(res: ServerResponse, location: string): true {
  res.writeHead(302, { Location: location, 'Cache-Control': 'no-store', 'Content-Length': 0 }).end();
  return true;
}

function nameOf(path: string): string | undefined {
  if (path === '/') return 'start/index.html';
  if (/^\/draw\/[^/]+$/.test(path)) return 'draw/index.html';
  if (path === '/client.js' || path.startsWith('/assets/')) return path.slice(1);
  return undefined;
}

async function readPages(): Promise<PageFiles> {
  if (existsSync(builtFolder)) {
    const names = globSync('**/*.*', { cwd: builtFolder });
    return new Map(names.map((name) => [name.replaceAll('\\', '/'), readText(name)]));
  }
  const { buildPages } = await import('../pages/build.ts');
  return buildPages();
}

function readText(name: string): string | Uint8Array {
  const bytes = readFileSync(`${builtFolder}${name}`);
  return /\.(html|js|css|svg)$/.test(name) ? bytes.toString() : bytes;
}

function send(
  req: IncomingMessage,
  res: ServerResponse,
  { body, gzipped, type, etag, immutable }: Asset,
): void {
  const headers = {
    ETag: etag,
    'Cache-Control': immutable ? 'public, max-age=31536000, immutable' : 'no-cache',
    Vary: [res.getHeader('Vary'), 'Accept, Accept-Encoding'].filter(Boolean).join(', '),
    'Content-Security-Policy': policy,
    'Referrer-Policy': 'no-referrer',
    'X-Content-Type-Options': 'nosniff',
  };
  if (req.headers['if-none-match'] === etag) {
    res.writeHead(304, headers).end();
    return;
  }
  const compressed = /\bgzip\b/.test(String(req.headers['accept-encoding'] ?? ''));
  const bytes = compressed ? gzipped : body;
  res.writeHead(200, {
    ...headers,
    'Content-Type': type,
    'Content-Length': bytes.length,
    ...(compressed && { 'Content-Encoding': 'gzip' }),
  });
  res.end(req.method === 'HEAD' ? undefined : bytes);
}
