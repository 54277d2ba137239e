import type { Server } from 'node:http';
import { setTimeout } from 'node:timers/promises';
import type { Logger } from 'pino';
import { Tokens } from './auth/tokens.ts';
import { createEngine } from './graphql/engine.ts';
import { createHttp } from './http/http.ts';
import { maxRoomBytes } from './hub/bounds.ts';
import type { Hub } from './hub/hub.ts';
import { MemoryHub } from './hub/memory/hub.ts';
import { describeAddress, parseRedisUrl } from './hub/redis/connect/url.ts';
import { RedisHub } from './hub/redis/hub.ts';
import { type Settings, SettingsError } from './settings.ts';

/** How long closing may take after the last stream is cut. Connections that are still open are then destroyed. */
const closeTimeoutMs = 5000;
/** The least time to listen while not ready, so that a load balancer can see it. */
const minNoticeMs = 1000;

/** A server that is listening. */
export interface Signalbox {
  /** The URL for a browser on this machine, without a slash at its end. */
  readonly url: string;
  /** Where the rooms are kept: "in memory", or "on Redis at" an address, without credentials. */
  readonly hub: string;
  /**
   * Reports "not ready" at once, cuts the streams one by one over `drainMs` so that their clients resume elsewhere
   * (G11), and then stops listening. It serves all other requests until then. Resolves at the latest some 5 seconds
   * after `drainMs`, whatever the clients do. `drainMs` is DRAIN_SECONDS by default. Idempotent.
   */
  close(drainMs?: number): Promise<void>;
}

/**
 * Puts the parts together and listens. Throws a `SettingsError` if it cannot listen on this host and port, and
 * `UNAVAILABLE` if Redis cannot be reached. Nothing stays open after a failure.
 */
export async function startSignalbox(settings: Settings, log: Logger): Promise<Signalbox> {
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
    await Promise.all([hub.drain(drainMs), setTimeout(Math.min(drainMs, minNoticeMs))]);
    await withTimeout(closeTimeoutMs, async () => {
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
    await withTimeout(closeTimeoutMs, () => hub.close());
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

function createHub(settings: Settings, log: Logger): Hub {
  const { redisUrl, redisPrefix, graceSeconds, maxPeersPerRoom, maxRoomsPerPeer, maxStreams } = settings;
  const options = {
    log,
    graceMs: graceSeconds * 1000,
    maxPeersPerRoom,
    maxRoomsPerPeer,
    maxRoomBytes: maxRoomBytes(settings.maxDataBytes),
    maxStreams,
  };
  if (redisUrl === undefined) return new MemoryHub(options);
  return new RedisHub({ url: redisUrl, prefix: redisPrefix, ...options });
}

function describeHub({ redisUrl, redisPrefix }: Settings): string {
  if (redisUrl === undefined) return 'in memory';
  return `on Redis at ${describeAddress(parseRedisUrl(redisUrl), true)}, prefix ${redisPrefix}`;
}

/** Resolves when the server listens. Throws a `SettingsError` if another PORT or HOST would work. */
function listen(server: Server, { port, host }: Settings): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const onError = (error: NodeJS.ErrnoException) => {
    const advice = adviceFor(error.code, port, host);
    reject(advice === undefined ? error : new SettingsError(advice, { cause: error }));
  };
  server.once('error', onError);
  // The name `localhost` would listen on only one of the two loopback addresses, and which one depends on the
  // machine. Clients that call `localhost` try 127.0.0.1 too.
  server.listen(port, host === 'localhost' ? '127.0.0.1' : host, () => {
    server.off('error', onError);
    resolve();
  });
  return promise;
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

function urlOf(server: Server, host: string): string {
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  // These two mean every interface. No client can call them.
  const name = host === '0.0.0.0' || host === '::' ? 'localhost' : host;
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}`;
}

/** Waits for the work, but not longer than the timeout. Throws what the work throws. */
async function withTimeout(ms: number, work: () => Promise<void>): Promise<void> {
  const timer = new AbortController();
  try {
    await Promise.race([work(), setTimeout(ms, undefined, { signal: timer.signal })]);
  } finally {
    timer.abort();
  }
}
