import type { IncomingMessage } from 'node:http';

/** The target of a request, in its two parts. */
export interface Target {
  /** From `targetOf`, it has no slash at its end, except for `/` itself. */
  readonly path: string;
  /** The query string, without its `?`. */
  readonly search: string;
}

/** The scheme and the authority of an absolute target, as clients send it to a proxy: `GET http://host/path`. */
const origin = /^https?:\/\/([^/?#]*)/i;

/** Splits the target of a request. A target in absolute form counts as its path. */
export function targetOf(req: IncomingMessage): Target {
  const { path, search } = split(req);
  return { path: path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path, search };
}

/**
 * A link from the target of a request to a place below it. It is relative, so that it holds also behind a proxy that
 * removes a prefix from the path. Browsers resolve it in the folder of the path, which ends at its last slash.
 */
export function linkFrom(req: IncomingMessage, name: string): string {
  const { path } = split({ url: originalUrl(req) });
  return path.endsWith('/') ? name : `${path.slice(path.lastIndexOf('/') + 1)}/${name}`;
}

/** Frameworks cut off the path at which a handler is mounted, and keep the whole as `originalUrl`. */
function originalUrl(req: IncomingMessage): string | undefined {
  return (req as { readonly originalUrl?: string }).originalUrl ?? req.url;
}

function split({ url = '' }: Pick<IncomingMessage, 'url'>): Target {
  const local = url.startsWith('/') ? url : url.replace(origin, '');
  const mark = local.indexOf('?');
  if (mark < 0) return { path: local || '/', search: '' };
  return { path: local.slice(0, mark) || '/', search: local.slice(mark + 1) };
}

/** The host that a request is for, with its port. The one of an absolute target takes precedence (RFC 9112, 3.2.2). */
export function authorityOf({ url = '', headers }: IncomingMessage): string | undefined {
  return (url.startsWith('/') ? undefined : origin.exec(url)?.[1]) ?? headers.host;
}

/** The path below `basePath`; undefined if it is outside. */
export function below(basePath: string, path: string): string | undefined {
  if (basePath === '/') return path;
  if (path === basePath) return '/';
  return path.startsWith(`${basePath}/`) ? path.slice(basePath.length) : undefined;
}
