import type { Server } from 'node:http';
import { setTimeout } from 'node:timers/promises';
import { Tokens } from './auth/tokens.ts';
import { ConfigError, type Settings } from './config.ts';
import { createEngine } from './graphql/engine.ts';
import { createHttp } from './http/http.ts';
import { roomBytes } from './hub/bounds.ts';
import type { Hub } from './hub/hub.ts';
import { MemoryHub } from './hub/memory/hub.ts';
import { RedisHub } from './hub/redis/hub.ts';
import { describeAddress, parseRedisUrl } from './hub/redis/url.ts';
import type { Log } from './log.ts';

/** How long closing may take, once the streams are gone, before what is still open is destroyed. */
const closeLimitMs = 5000;
/** How long it still listens at least, so that a load balancer can see that it is not ready. */
const noticeMs = 1000;

/** A server that listens. */
export interface Signalbox {
  /** Where a browser on this machine finds it; no slash at its end. */
  readonly url: string;
  /** What it keeps its rooms in: "in memory", or where on Redis. No credentials. */
  readonly hub: string;
  /**
   * Says "not ready" from now on, cuts the streams one by one, so that their clients go on elsewhere
   * (G11), and stops listening. It serves all other requests until then. Resolves some 5 seconds
   * after `drainMs` (DRAIN_SECONDS) at the latest, whatever the clients do. Idempotent.
   */
  close(drainMs?: number): Promise<void>;
}

/**
 * Puts the parts together and listens. Throws a `ConfigError` where it cannot listen there, and
 * `UNAVAILABLE` where Redis cannot be reached; nothing is left open then.
 */
export async function startSignalbox(settings: Settings, log: Log): Promise<Signalbox> {
  const hub = createHub(settings, log);
  const services = {
    hub,
    tokens: new Tokens({ secret: settings.tokenSecret, ttlSeconds: settings.tokenTtlSeconds }),
    guestAccess: settings.guestAccess,
    maxDataBytes: settings.maxDataBytes,
  };
  let closing: Promise<void> | undefined;
  const http = createHttp({
    engine: createEngine(services, log),
    log,
    pingSeconds: settings.pingSeconds,
    maxDataBytes: settings.maxDataBytes,
    maxStreams: settings.maxStreams,
    ready: () => !closing && hub.ready(),
  });

  const close = async (drainMs: number) => {
    await Promise.all([hub.drain(drainMs), setTimeout(Math.min(drainMs, noticeMs))]);
    await atMost(closeLimitMs, async () => {
      try {
        await http.close();
      } finally {
        await hub.close();
      }
    });
    http.server.closeAllConnections();
  };

  try {
    await hub.start();
    await listen(http.server, settings);
  } catch (error) {
    await atMost(closeLimitMs, () => hub.close());
    throw error;
  }
  return {
    url: urlOf(http.server, settings.host),
    hub: describeHub(settings),
    close: (drainMs = settings.drainSeconds * 1000) => {
      closing ??= close(drainMs);
      return closing;
    },
  };
}

function createHub(settings: Settings, log: Log): Hub {
  const { redisUrl, redisPrefix, graceSeconds, maxPeersPerRoom, maxRoomsPerPeer, maxStreams } = settings;
  const options = {
    graceMs: graceSeconds * 1000,
    maxPeersPerRoom,
    maxRoomsPerPeer,
    maxRoomBytes: roomBytes(settings.maxDataBytes),
    maxStreams,
  };
  if (redisUrl === undefined) return new MemoryHub(options);
  return new RedisHub({ url: redisUrl, prefix: redisPrefix, log, ...options });
}

function describeHub({ redisUrl, redisPrefix }: Settings): string {
  if (redisUrl === undefined) return 'in memory';
  return `on Redis at ${describeAddress(parseRedisUrl(redisUrl), true)}, prefix ${redisPrefix}`;
}

/** Resolves when it listens. Throws a `ConfigError` for what another PORT or HOST would mend. */
function listen(server: Server, { port, host }: Settings): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const refuse = (error: NodeJS.ErrnoException) => {
    const why = whyNot(error.code, port, host);
    reject(why === undefined ? error : new ConfigError(why, { cause: error }));
  };
  server.once('error', refuse);
  // By name, it would be one of the two addresses, and which differs from machine to machine. Whoever calls
  // `localhost` tries this one too.
  server.listen(port, host === 'localhost' ? '127.0.0.1' : host, () => {
    server.off('error', refuse);
    resolve();
  });
  return promise;
}

function whyNot(code: string | undefined, port: number, host: string): string | undefined {
  switch (code) {
    case 'EADDRINUSE':
      return `PORT ${port} is in use on HOST ${host}: stop what listens there, or set another PORT.`;
    case 'EACCES':
      return `PORT ${port} is not for this user to listen on: set one above 1023.`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EINVAL':
      return `HOST ${host} is no address of this machine: set one that is, or 0.0.0.0 for all of them.`;
    default:
      return undefined;
  }
}

function urlOf(server: Server, host: string): string {
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  // "Every interface" is no address to call.
  const name = host === '0.0.0.0' || host === '::' ? 'localhost' : host;
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}`;
}

/** Waits for the work, but no longer than that. Throws what the work throws. */
async function atMost(ms: number, work: () => Promise<void>): Promise<void> {
  const timer = new AbortController();
  try {
    await Promise.race([work(), setTimeout(ms, undefined, { signal: timer.signal })]);
  } finally {
    timer.abort();
  }
}
