import { once } from 'node:events';
import { createServer, type ListenOptions, type Server } from 'node:net';
import type { Http } from './http/http.ts';
import { type Settings, SettingsError } from './settings.ts';

/** How often to look for a port that is free on both loopback addresses. */
const maxTries = 20;

/**
 * How many connections the system takes while this process is busy. With the 511 of Node.js, one address that opens
 * connections in a loop fills the queue in a moment, and the connections of others are dropped: their clients try again
 * only after 1 s, 3 s, 7 s and so on. Linux allows 4,096 (net.core.somaxconn).
 */
const backlog = 4096;

/**
 * How many listeners share the port, or the two ports of `localhost`. Node.js accepts one connection of a listener in each
 * turn of its event loop, and a turn is long on a busy node. With one listener, an address that opens connections in a loop
 * would keep those of others waiting for ever.
 */
const maxListeners = 64;

/**
 * Resolves when the server listens. Throws a `SettingsError` if another PORT or HOST would work.
 *
 * For `localhost`, it listens on both loopback addresses: which of them a client tries first depends on the client
 * and the machine, and not every client tries the other.
 */
export async function listen(http: Http, { port, host }: Settings): Promise<void> {
  try {
    if (host === 'localhost') await listenOnLoopbacks(http, port);
    else await listenOn(http, http.server, port, host, maxListeners);
  } catch (error) {
    throw explain(error, ['PORT', port], ['HOST', host]);
  }
}

/** Resolves when the server for operators listens. Throws a `SettingsError` if another ADMIN_PORT or ADMIN_HOST would work. */
export async function listenForOperators(server: Server, { adminPort, adminHost }: Settings): Promise<void> {
  const port = adminPort ?? 0;
  try {
    await open(server, { port, host: adminHost === 'localhost' ? '127.0.0.1' : adminHost });
  } catch (error) {
    throw explain(error, ['ADMIN_PORT', port], ['ADMIN_HOST', adminHost]);
  }
}

type Given<Value> = readonly [variable: string, value: Value];

/** A `SettingsError` if the operator can correct the error by other settings. Otherwise the error itself. */
function explain(error: unknown, port: Given<number>, host: Given<string>): unknown {
  const advice = adviceFor((error as NodeJS.ErrnoException).code, port, host);
  return advice === undefined ? error : new SettingsError(advice, { cause: error });
}

async function listenOnLoopbacks(http: Http, port: number): Promise<void> {
  for (let tries = 1; ; tries++) {
    const free = await freePort(port, '127.0.0.1');
    try {
      await freePort(free, '::1');
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // This machine has no IPv6.
      if (code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT')
        return listenOn(http, http.server, free, '127.0.0.1', maxListeners);
      // A free port of 127.0.0.1 may be taken on ::1.
      if (port !== 0 || code !== 'EADDRINUSE' || tries === maxTries) throw error;
      continue;
    }
    await listenOn(http, http.server, free, '127.0.0.1', maxListeners / 2);
    return listenOn(http, http.listeners.add(), free, '::1', maxListeners / 2);
  }
}

/** Listens on the port with `first`, and with other listeners that share the port if the system can do that. */
async function listenOn(
  { listeners }: Http,
  first: Server,
  port: number,
  host: string,
  count: number,
): Promise<void> {
  // Listeners that share a port would also share that of another program which does the same.
  const free = await freePort(port, host);
  const shared = { port: free, host, backlog, reusePort: true };
  try {
    await open(first, shared);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOTSUP') throw error;
    return open(first, { port: free, host, backlog });
  }
  for (let n = 1; n < count; n++) await open(listeners.add(), shared);
}

/** The port, or a free one if it is 0. Rejects if it cannot be had. */
async function freePort(port: number, host: string): Promise<number> {
  const probe = createServer();
  await open(probe, { port, host });
  const found = portOf(probe);
  probe.close();
  await once(probe, 'close');
  return found;
}

async function open(server: Server, options: ListenOptions): Promise<void> {
  server.listen(options);
  await once(server, 'listening');
}

function adviceFor(
  code: string | undefined,
  [PORT, port]: Given<number>,
  [HOST, host]: Given<string>,
): string | undefined {
  switch (code) {
    case 'EADDRINUSE':
      return `${PORT} ${port} is in use on ${HOST} ${host}: stop the program that listens there, or set another ${PORT}.`;
    case 'EACCES':
      return `${PORT} ${port} is not allowed for this user: set a ${PORT} above 1023.`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EINVAL':
      return `${HOST} ${host} is not an address of this machine: set one that is, or 0.0.0.0 for every interface.`;
    default:
      return undefined;
  }
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address ? address.port : 0;
}

/** The URL for a browser on this machine, without a slash at its end. */
export function urlOf(server: Server, host: string, basePath = '/'): string {
  // These two mean every interface. No client can call them.
  const name = host === '0.0.0.0' || host === '::' ? 'localhost' : host;
  const path = basePath === '/' ? '' : basePath;
  return `http://${name.includes(':') ? `[${name}]` : name}:${portOf(server)}${path}`;
}
