import type { Server } from 'node:http';
import { setTimeout } from 'node:timers/promises';
import type { Logger } from 'pino';
import { Metrics } from './admin/metrics.ts';
import { createAdminServer } from './admin/server.ts';
import { version } from './banner.ts';
import { askReady } from './http/ask-ready.ts';
import { createHttp } from './http/http.ts';
import { describeAddress, parseRedisUrl } from './hub/redis/connect/url.ts';
import { listen, listenForOperators, urlOf } from './listen.ts';
import { createParts, startParts } from './parts.ts';
import type { Settings } from './settings.ts';

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
  /** The URL for operators, without a slash at its end. Undefined without ADMIN_PORT. */
  readonly adminUrl: string | undefined;
  /**
   * Reports "not ready" at once, cuts the streams one by one over `drainMs` so that their clients resume elsewhere
   * (G11), and then stops listening. It serves all other requests until then. Resolves at the latest some 5 seconds
   * after `drainMs`, whatever the clients do. `drainMs` is DRAIN_SECONDS by default. Idempotent.
   */
  close(drainMs?: number): Promise<void>;
}

/**
 * Puts the parts together and listens. Throws a `SettingsError` if it cannot listen on this host and port, and
 * `UNAVAILABLE` if Redis cannot be reached, or JWKS_URL and no earlier keys of it are kept. Nothing stays open after a
 * failure.
 */
export async function startSignalbox(settings: Settings, log: Logger): Promise<Signalbox> {
  let closing: Promise<void> | undefined;
  const ready = () => !closing && hub.ready();
  const metrics =
    settings.adminPort === undefined
      ? undefined
      : new Metrics({ version, census: () => hub.census(), ready });
  const reach = {
    address: (localAddress: string | undefined) => addressOf(http.server, settings.basePath, localAddress),
    askReady,
  };
  const parts = createParts(settings, log, reach, metrics);
  const { hub, keys, http: options } = parts;
  const http = createHttp({ ...options, ready });
  const admin = metrics && createAdminServer({ metrics, ready, host: settings.adminHost, log });

  const close = async (drainMs: number) => {
    void http.listeners.drain();
    await Promise.all([hub.drain(drainMs), setTimeout(Math.min(drainMs, minNoticeMs))]);
    await withTimeout(closeTimeoutMs, async () => {
      try {
        await http.close();
      } finally {
        keys?.close();
        await hub.close();
      }
    });
    http.server.closeAllConnections();
    // Last, so that operators can watch the node until it ends.
    admin?.close();
    admin?.closeAllConnections();
  };

  try {
    await startParts(parts);
    if (admin) await listenForOperators(admin, settings);
    await listen(http, settings);
  } catch (error) {
    keys?.close();
    admin?.close();
    await withTimeout(closeTimeoutMs, () => hub.close());
    throw error;
  }
  return {
    url: urlOf(http.server, settings.host, settings.basePath),
    adminUrl: admin && urlOf(admin, settings.adminHost),
    hub: describeHub(settings),
    close: (drainMs = settings.drainSeconds * 1000) => {
      closing ??= close(drainMs);
      return closing;
    },
  };
}

function describeHub({ redisUrl, redisPrefix }: Settings): string {
  if (redisUrl === undefined) return 'in memory';
  return `on Redis at ${describeAddress(parseRedisUrl(redisUrl), true)}, prefix ${redisPrefix}`;
}

/**
 * The URL at which other nodes can ask this one. A node that listens on every interface is asked at its address on the
 * way to Redis, and one on loopback only by nodes on the same machine.
 */
function addressOf(server: Server, basePath: string, localAddress: string | undefined): string | undefined {
  const bound = server.address();
  if (typeof bound !== 'object' || !bound) return undefined;
  const everywhere = bound.address === '0.0.0.0' || bound.address === '::';
  const host = (everywhere ? localAddress : bound.address)?.replace(/^::ffff:(?=\d+\.)/, '');
  if (host === undefined) return undefined;
  return `http://${host.includes(':') ? `[${host}]` : host}:${bound.port}${basePath === '/' ? '' : basePath}`;
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
