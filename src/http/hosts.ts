import type { IncomingMessage } from 'node:http';
import { httpFaults } from '../errors.ts';
import { HttpError } from './http-error.ts';
import { authorityOf } from './target.ts';

/** The names of a server that listens on a loopback address. */
const loopbackNames = ['localhost', '127.0.0.1', '[::1]'];

function isLoopback(host: string): boolean {
  return /^(?:localhost|127(?:\.\d{1,3}){3}|::1)$/i.test(host);
}

/**
 * Makes a check of the host that a request names. A browser sends the name in the URL of the page. If that is a
 * foreign name which resolves to a loopback address (DNS rebinding), the page has the origin of this server for the
 * browser, and CORS does not stop it. `host`: where the server listens. A server that listens elsewhere takes any
 * name: it does not know its own.
 */
export function hostCheck(host: string): (req: IncomingMessage) => void {
  if (!isLoopback(host)) return () => undefined;
  const own = (host.includes(':') ? `[${host}]` : host).toLowerCase();
  const names = [...new Set([...loopbackNames, own])];
  return (req) => {
    const name = authorityOf(req)?.replace(/:\d*$/, '').toLowerCase();
    // Every browser names a host. HTTP/1.0 does not require it.
    if (name !== undefined && !names.includes(name)) throw new HttpError(httpFaults.foreignHost(names));
  };
}
