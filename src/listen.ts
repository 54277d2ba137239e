import { once } from 'node:events';
import type { Server } from 'node:net';
import type { Http } from './http/http.ts';
import { type Settings, SettingsError } from './settings.ts';

/** How often to look for a port that is free on both loopback addresses. */
const maxTries = 20;

/**
 * Resolves when the server listens. Throws a `SettingsError` if another PORT or HOST would work.
 *
 * For `localhost`, it listens on both loopback addresses: which of them a client tries first depends on the client
 * and the machine, and not every client tries the other.
 */
export async function listen(http: Http, { port, host }: Settings): Promise<void> {
  try {
    if (host === 'localhost') await listenOnLoopbacks(http, port);
    else await listenOn(http.server, port, host);
  } catch (error) {
    const advice = adviceFor((error as NodeJS.ErrnoException).code, port, host);
    throw advice === undefined ? error : new SettingsError(advice, { cause: error });
  }
}

async function listenOnLoopbacks({ server, listeners }: Http, port: number): Promise<void> {
  const six = listeners.add();
  for (let tries = 1; ; tries++) {
    await listenOn(server, port, '127.0.0.1');
    try {
      await listenOn(six, portOf(server), '::1');
      return;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // This machine has no IPv6.
      if (code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT') return;
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
      // A free port of 127.0.0.1 may be taken on ::1.
      if (port !== 0 || code !== 'EADDRINUSE' || tries === maxTries) throw error;
    }
  }
}

async function listenOn(server: Server, port: number, host: string): Promise<void> {
  server.listen(port, host);
  await once(server, 'listening');
}

/** The message for an operator who can correct the error by other settings; otherwise undefined. */
function adviceFor(code: string | undefined, port: number, host: string): string | undefined {
  switch (code) {
    case 'EADDRINUSE':
      return `PORT ${port} is in use on HOST ${host}: stop the program that listens there, or set another PORT.`;
    case 'EACCES':
      return `PORT ${port} is not allowed for this user: set a PORT above 1023.`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EINVAL':
      return `HOST ${host} is not an address of this machine: set one that is, or 0.0.0.0 for every interface.`;
    default:
      return undefined;
  }
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address ? address.port : 0;
}

/** The URL for a browser on this machine, without a slash at its end. */
export function urlOf({ server }: Http, { host, basePath }: Settings): string {
  // These two mean every interface. No client can call them.
  const name = host === '0.0.0.0' || host === '::' ? 'localhost' : host;
  const path = basePath === '/' ? '' : basePath;
  return `http://${name.includes(':') ? `[${name}]` : name}:${portOf(server)}${path}`;
}
