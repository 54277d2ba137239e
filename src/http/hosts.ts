import type { IncomingMessage } from 'node:http';
import { httpFaults } from '../errors.ts';
import { isLoopback } from '../loopback.ts';
import { HttpError } from './http-error.ts';
import { authorityOf } from './target.ts';

/** The names of a server that listens on a loopback address. */
const loopbackNames = ['localhost', '127.0.0.1', '[::1]'];

/**
 * Makes a check of the host that a request names. A foreign name can resolve to a loopback address (DNS rebinding). A
 * page from that name then has the same origin as this server, so CORS does not stop the page. But its requests name
 * the foreign host. `host` is the address on which the server listens. If that is no loopback address, every name
 * passes, because the server does not know its own.
 */
export function hostCheck(host: string): (req: IncomingMessage) => void {
  if (!isLoopback(host.toLowerCase())) return () => undefined;
  const own = (host.includes(':') ? `[${host}]` : host).toLowerCase();
  const names = [...new Set([...loopbackNames, own])];
  /** What the last request named that passed. Most name the same. */
  let passed: string | undefined;
  return (req) => {
    const authority = authorityOf(req);
    if (authority === passed) return;
    const name = authority?.replace(/:\d*$/, '').toLowerCase();
    // Every browser names a host. HTTP/1.0 does not require it.
    if (name !== undefined && !names.includes(name)) throw new HttpError(httpFaults.foreignHost(names));
    passed = authority;
  };
}
