import { readFileSync } from 'node:fs';
import type { SecureContextOptions } from 'node:tls';
import { Redis, type RedisOptions, ReplyError } from 'ioredis';
import type { Logger } from 'pino';
import { SignalboxError } from '../../../errors.ts';
import { type ConnectorOptions, connectorTo, type Search, type Tls } from './connector.ts';
import { clusterNodes, sentinels } from './discovery.ts';
import { describeAddress, parseRedisUrl, type RedisAddress } from './url.ts';

/** Without the one option whose types conflict under `exactOptionalPropertyTypes`. */
type ClientOptions = Omit<RedisOptions, 'replyMapping'>;

/** Mutations must answer within 2 s, whatever Redis does (G10). */
export const commandTimeoutMs = 1500;
const connectTimeoutMs = 3000;
/** How long an abandoned connection may take to close. */
const disconnectTimeoutMs = 500;
/** A start must fail within 5 s, however many hosts there are to try. */
const startTimeoutMs = 4500;
/** Often, so that a node soon notices that Redis is back. Random, so that nodes do not all connect at once. */
const retryMs = (attempt: number) => Math.min(50 * attempt, 500) + Math.random() * 100;
/** How soon to reconnect if Redis answers but does not serve. Each attempt is a new connection. */
const notServingRetryMs = 500;

/**
 * Errors of a Redis that does not take the write: a replica, or a cluster node without the slot. The script has not
 * run. The connection is made anew, to the primary at that time. As after each new connection, a beat goes first.
 */
const notServing = /^(?:READONLY|MOVED|ASK|CLUSTERDOWN|NOREPLICAS)\b/;

/** What is known of a connection. `examine`: whether to check the Redis when the connection is first made. */
interface Place {
  readonly address: RedisAddress;
  readonly log: Logger;
  readonly examine: boolean;
}

const places = new WeakMap<Redis, Place>();

/** The last error that made a connection reconnect. The command itself fails without it. */
const refusals = new WeakMap<Redis, string>();

/**
 * The connection for commands. While it is down, commands fail at once. A command whose connection breaks is not sent
 * again: the script may have run, and would run twice. `key` is any key of the deployment: on a Cluster, the
 * connection is to the primary that has it.
 */
export function connectForCommands(url: string, log: Logger, key = ''): Redis {
  return connect(url, log, key, {
    commandTimeout: commandTimeoutMs,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    examine: true,
  });
}

/**
 * The listening connection. It reconnects by itself, but its user has to subscribe again, and so can handle a failure.
 * On a Cluster it is to the primary that has `key`: other cluster nodes pass its messages on, but may lose some.
 */
export function connectForMessages(url: string, log: Logger, key = ''): Redis {
  return connect(url, log, key, { autoResubscribe: false, maxRetriesPerRequest: null });
}

type ConnectOptions = ClientOptions & { readonly examine?: true };

function connect(url: string, log: Logger, key: string, { examine, ...options }: ConnectOptions): Redis {
  const address = parseRedisUrl(url);
  const tls = readTls(address);
  const route: ConnectorOptions = { tls, family: address.family, disconnectTimeoutMs };
  let notServingAt = Number.NEGATIVE_INFINITY;
  let notServingAgain = false;
  // An outage is one line of the log, however many attempts it takes. The first connection has none: its error is
  // reported by the start.
  let down = true;
  const logLost = ({ message }: Error) => {
    log[down ? 'debug' : 'warn']({ reason: message }, 'redis: connection lost or refused');
    down = true;
  };
  const redis = new Redis({
    lazyConnect: true,
    // CLIENT SETINFO: a Redis user with only the needed rights may not send it.
    disableClientInfo: true,
    connectTimeout: connectTimeoutMs,
    disconnectTimeout: disconnectTimeoutMs,
    retryStrategy(attempt) {
      if (!notServingAgain) return retryMs(attempt);
      notServingAgain = false;
      return notServingRetryMs;
    },
    reconnectOnError(error) {
      if (!notServing.test(error.message)) return false;
      notServingAgain = performance.now() - notServingAt < 2 * notServingRetryMs;
      notServingAt = performance.now();
      if (!notServingAgain) logLost(error);
      refusals.set(redis, error.message);
      // 2: reconnect and send the command again. That fails at once, as do all commands while the connection is down.
      return 2;
    },
    Connector: connectorTo(searchFor(address, key, route, log), route),
    ...address.credentials,
    db: address.db,
    ...(tls && { tls: tls.context }),
    ...options,
  });
  places.set(redis, { address, log, examine: examine === true });
  redis.on('error', logLost);
  redis.on('ready', () => {
    log[down ? 'info' : 'debug']('redis: connected');
    down = false;
  });
  return redis;
}

/** The way to find the primary for this form of URL. */
function searchFor(address: RedisAddress, key: string, route: ConnectorOptions, log: Logger): Search {
  const { form, hosts, credentials, primaryName, sentinelCredentials } = address;
  const onSubscribeRefused = (at: string, reason: string) => {
    log.warn({ at, reason }, 'redis: this sentinel refuses to announce when the primary changes');
  };
  switch (form) {
    case 'sentinel':
      return sentinels(
        hosts,
        { ...route, credentials: sentinelCredentials, onSubscribeRefused },
        primaryName,
      );
    case 'cluster':
      return clusterNodes(hosts, { ...route, credentials, onSubscribeRefused }, key);
    case 'single': {
      const [primary] = hosts;
      if (!primary) throw new SignalboxError('UNAVAILABLE', 'REDIS_URL names no host.');
      return { find: async () => primary };
    }
  }
}

function readTls({ tls }: RedisAddress): Tls | undefined {
  if (!tls) return undefined;
  const context: SecureContextOptions = {};
  for (const [name, path] of Object.entries(tls.files)) {
    try {
      Object.assign(context, { [name]: readFileSync(path) });
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      throw new SignalboxError('UNAVAILABLE', `REDIS_URL: the file for ${name} cannot be read: ${code}.`, {
        cause: error,
      });
    }
  }
  return { context, trust: tls.trust };
}

/** Connects for the first time. If that fails, rejects with UNAVAILABLE and the reason within 5 s. */
export async function connected(redis: Redis): Promise<Redis> {
  let refusal: Error | undefined;
  const remember = (error: Error) => {
    refusal = error;
  };
  redis.on('error', remember);
  const timeUp = Promise.withResolvers<never>();
  const timer = setTimeout(() => timeUp.reject(new Error('timeout')), startTimeoutMs);
  try {
    await Promise.race([redis.connect(), timeUp.promise]);
    // If the database does not exist, ioredis emits an error, and goes on with database 0.
    if (refusal) throw refusal;
    await examine(redis);
    return redis;
  } catch (error) {
    redis.disconnect();
    if (error instanceof SignalboxError || error instanceof ReplyError) refusal ??= error as Error;
    const reason = refusal?.message ?? 'it does not answer';
    throw new SignalboxError(
      'UNAVAILABLE',
      `Redis at ${placeOf(redis)} cannot be reached: ${reason}${hintAt(redis, reason)}`,
      {
        cause: error,
      },
    );
  } finally {
    clearTimeout(timer);
    redis.off('error', remember);
  }
}

/** The error for a start that failed after it connected: one line, with the error of Redis if there is one. */
export function startFailure(redis: Redis, error: unknown): unknown {
  const own = error instanceof SignalboxError;
  const cause: unknown = own ? error.cause : error;
  // An error that is not ours tells why Redis refused a script.
  const said = cause instanceof ReplyError || !own ? (cause as Error).message : refusals.get(redis);
  if (said === undefined) return error;
  const message = `Redis at ${placeOf(redis)} cannot serve: ${said}${hintAt(redis, said)}`;
  return new SignalboxError('UNAVAILABLE', message, { cause: error });
}

/** What to do about an error that does not say so itself. If only one side uses TLS, Redis closes, or both sides wait. */
function hintAt(redis: Redis, reason: string): string {
  if (/^NOPERM .*'info/i.test(reason))
    return '; Signalbox needs INFO to notice that another Redis has taken over';
  if (/self.signed certificate|unable to (?:verify|get)/i.test(reason))
    return '; name its authority with ?ca=, or the certificate itself with ?fingerprint=';
  const secure = places.get(redis)?.address.tls !== undefined;
  if (secure) return /ETIMEDOUT/.test(reason) ? '; does it take TLS? If not, write redis, not rediss' : '';
  return /ECONNRESET/.test(reason) ? '; does it take TLS only? Then write rediss' : '';
}

function placeOf(redis: Redis): string {
  const place = places.get(redis);
  return place ? describeAddress(place.address) : 'an unknown address';
}

/** Refuses a Redis that cannot serve a hub, and warns of a setting that can silently lose entries. */
async function examine(redis: Redis): Promise<void> {
  const place = places.get(redis);
  if (!place?.examine) return;
  if (place.address.tls?.trust === 'anyone') {
    place.log.warn(
      'redis: insecure=true: who can redirect the connection can read the password and all messages',
    );
  }
  const info = await redis.info();
  const value = (name: string) => new RegExp(`^${name}:(\\S+)`, 'm').exec(info)?.[1];
  // Valkey 8 has another name for it.
  const mode = value('redis_mode') ?? value('server_mode');
  if (mode === 'sentinel') {
    throw new SignalboxError(
      'UNAVAILABLE',
      'it is a sentinel; write redis+sentinel://…/<name of the primary>',
    );
  }
  if (mode === 'cluster' && place.address.form !== 'cluster') {
    throw new SignalboxError('UNAVAILABLE', 'it is a cluster node; write redis+cluster://');
  }
  const policy = value('maxmemory_policy');
  if (policy !== undefined && policy !== 'noeviction') {
    place.log.warn({ policy }, 'redis: it may evict keys that peers need; set maxmemory-policy noeviction');
  }
}
