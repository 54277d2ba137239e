import { setTimeout } from 'node:timers/promises';
import { askReady } from './http/ask-ready.ts';
import { createMount, type Handler } from './http/mount.ts';
import { type ApplicationLog, createLog, createLogFor } from './log.ts';
import { createParts, startParts } from './parts.ts';
import { type SettingOptions, SettingsError, settingsOf } from './settings.ts';

export type { Handler, Next } from './http/mount.ts';
export type { ApplicationLog } from './log.ts';
export { SettingsError } from './settings.ts';

/**
 * The settings of docs/operating.md, in camelCase: `graceSeconds` for GRACE_SECONDS. `host` is the address on which the
 * application's server listens. An option that is undefined or an empty text has its default.
 */
export interface SignalboxOptions extends SettingOptions {
  /** Gets each line of `logLevel` or above. Without it, the log is lines of JSON on stdout. */
  readonly logger?: ApplicationLog | undefined;
  /**
   * The URL of this process's Signalbox for the other nodes, with the path of the handler, such as
   * `http://10.0.0.7:3000/signal`. With it, a node that alone has lost Redis sends its clients to the others.
   */
  readonly nodeUrl?: string | undefined;
}

/** A node of Signalbox in an application's own server. */
export interface Signalbox {
  /**
   * Answers requests, for `node:http`, or as a middleware. It needs no `this`. Requests that come before Signalbox is
   * ready wait for that.
   */
  readonly handler: Handler;
  /**
   * Resolves when requests are served. Rejects if Redis cannot be reached, or JWKS_URL and no earlier keys of it are kept:
   * then all requests are refused.
   */
  ready(): Promise<void>;
  /**
   * Drains: `/ready` answers 503 at once, and the streams are cut one by one over `drainMs` so that their clients resume
   * at other nodes. Other requests are served until then, and refused afterwards. Call it before you close the server.
   * Resolves at the latest some 10 seconds after `drainMs`, which is `drainSeconds` by default. Idempotent.
   */
  close(drainMs?: number): Promise<void>;
}

/** The least time to be reachable while not ready, so that a load balancer can see it. */
const minNoticeMs = 1000;
/** How long open answers, and then the hub, may take to end. */
const closeTimeoutMs = 5000;

/**
 * Makes a node of Signalbox that has no port of its own: give its handler to a server. It starts at once. Throws a
 * `SettingsError` that names every option that is wrong.
 */
export function createSignalbox({ logger, nodeUrl, ...options }: SignalboxOptions = {}): Signalbox {
  const settings = settingsOf(options);
  const url = checkUrl(nodeUrl);
  const log = logger ? createLogFor(logger, settings) : createLog(settings);
  const parts = createParts(settings, log, { address: () => url, askReady });
  const { hub, keys, http } = parts;
  let closing: Promise<void> | undefined;
  const started = startParts(parts).catch(async (error: unknown) => {
    keys?.close();
    await Promise.race([hub.close(), setTimeout(closeTimeoutMs, undefined, { ref: false })]);
    throw error;
  });
  started.catch((error: unknown) => log.error({ err: error }, 'Signalbox could not start'));
  const mount = createMount({ ...http, ready: () => !closing && hub.ready() }, started);

  const close = async (drainMs: number) => {
    mount.drain();
    await started.catch(() => undefined);
    await Promise.all([hub.drain(drainMs), setTimeout(Math.min(drainMs, minNoticeMs))]);
    await mount.close(closeTimeoutMs);
    keys?.close();
    await Promise.race([hub.close(), setTimeout(closeTimeoutMs, undefined, { ref: false })]);
  };
  return {
    handler: mount.handler,
    ready: () => started,
    close: (drainMs = settings.drainSeconds * 1000) => {
      closing ??= close(drainMs);
      return closing;
    },
  };
}

/** The URL without a slash at its end. */
function checkUrl(text: string | undefined): string | undefined {
  if (!text) return undefined;
  const url = URL.parse(text);
  const isPlain = url && !url.username && !url.password && !url.search && !url.hash;
  if (isPlain && /^https?:$/.test(url.protocol)) return url.href.replace(/\/$/, '');
  throw new SettingsError('nodeUrl takes a URL such as http://10.0.0.7:3000/signal, without a password.');
}
