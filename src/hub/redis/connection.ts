import { readFileSync } from 'node:fs';
import type { SecureContextOptions } from 'node:tls';
import { Redis, type RedisOptions, ReplyError } from 'ioredis';
import type { Logger } from 'pino';
import { SignalboxError } from '../../errors.ts';
import { clusterNodes, sentinels } from './guides.ts';
import { type ConnectorOptions, connectorTo, type Search } from './primary.ts';
import { describeAddress, parseRedisUrl, type RedisAddress } from './url.ts';

/** The client's types of its own option exclude one another under `exactOptionalPropertyTypes`. */
type Settings = Omit<RedisOptions, 'replyMapping'>;

/** A mutation answers within 2 s, whatever Redis does (G10). */
export const commandTimeoutMs = 1500;
const connectTimeoutMs = 3000;
/** A connection that is given up, since nothing comes of it, is not waited for to say goodbye. */
const disconnectTimeoutMs = 500;
/** A start that comes to nothing says so within 5 s, however many hosts there are to try. */
const startTimeoutMs = 4500;
/** Often enough that a Redis which is back is noticed at once; spread, so that nodes do not come all at a time. */
const retryMs = (attempt: number) => Math.min(50 * attempt, 500) + Math.random() * 100;
/** One that is reached and does not serve is not asked more often, since each time is a new connection. */
const misledMs = 500;

/**
 * What a Redis says that writes are not for: a replica, or another node of a Cluster. The script has
 * not run. The connection is made anew, to whichever is the primary then, and so is not trusted before
 * a beat has gone first.
 */
const misled = /^(?:READONLY|MOVED|ASK|CLUSTERDOWN|NOREPLICAS)\b/;

/** Where each connection leads, and whether it looks at what it finds there when it is first made. */
interface Place {
  readonly address: RedisAddress;
  readonly log: Logger;
  readonly examine: boolean;
}

const places = new WeakMap<Redis, Place>();

/** What a connection was last refused with that was made anew for it: the command itself fails without a word. */
const refusals = new WeakMap<Redis, string>();

/**
 * The connection for commands. A command that finds it down, or breaks off with it, fails at once and
 * is not sent again: a script may have run, and would run twice. `key` is any of those that commands
 * will be about: on a Cluster, the connection is to the primary that has it.
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
 * The connection that listens. It comes back by itself; to subscribe again is for its user to do, who
 * can then wait for it and handle its failure. On a Cluster it is to the primary that has `key`, since
 * what is published there comes from elsewhere by a way on which it may be lost.
 */
export function connectForMessages(url: string, log: Logger, key = ''): Redis {
  return connect(url, log, key, { autoResubscribe: false, maxRetriesPerRequest: null });
}

type ConnectSettings = Settings & { readonly examine?: true };

function connect(url: string, log: Logger, key: string, { examine, ...options }: ConnectSettings): Redis {
  const address = parseRedisUrl(url);
  const tls = readTls(address);
  const route: ConnectorOptions = { tls, family: address.family, disconnectTimeoutMs };
  let misledAt = Number.NEGATIVE_INFINITY;
  let misledAgain = false;
  // One line for each outage, however many attempts it takes to get over it. Of the first connection the
  // start says what went wrong.
  let down = true;
  const mourn = ({ message }: Error) => {
    log[down ? 'debug' : 'warn']({ reason: message }, 'redis: connection lost or refused');
    down = true;
  };
  const redis = new Redis({
    lazyConnect: true,
    // A user who may do only what is needed may not say that.
    disableClientInfo: true,
    connectTimeout: connectTimeoutMs,
    disconnectTimeout: disconnectTimeoutMs,
    retryStrategy(attempt) {
      if (!misledAgain) return retryMs(attempt);
      misledAgain = false;
      return misledMs;
    },
    reconnectOnError(error) {
      if (!misled.test(error.message)) return false;
      misledAgain = performance.now() - misledAt < 2 * misledMs;
      misledAt = performance.now();
      if (!misledAgain) mourn(error);
      refusals.set(redis, error.message);
      // Sent again, it is refused, as nothing is sent before the connection is made: so it fails like all
      // that find the connection down.
      return 2;
    },
    Connector: connectorTo(searchFor(address, key, route, log), route),
    ...address.credentials,
    db: address.db,
    ...(tls && { tls }),
    ...options,
  });
  places.set(redis, { address, log, examine: examine === true });
  redis.on('error', mourn);
  redis.on('ready', () => {
    log[down ? 'info' : 'debug']('redis: connected');
    down = false;
  });
  return redis;
}

/** Where the primary is, or who knows. */
function searchFor(address: RedisAddress, key: string, route: ConnectorOptions, log: Logger): Search {
  const { form, hosts, credentials, primaryName, sentinelCredentials } = address;
  const onDeaf = (at: string, reason: string) => {
    log.warn({ at, reason }, 'redis: this sentinel will not tell when the primary changes');
  };
  switch (form) {
    case 'sentinel':
      return sentinels(hosts, { ...route, credentials: sentinelCredentials, onDeaf }, primaryName);
    case 'cluster':
      return clusterNodes(hosts, { ...route, credentials, onDeaf }, key);
    case 'single': {
      const [primary] = hosts;
      if (!primary) throw new SignalboxError('UNAVAILABLE', 'REDIS_URL names no host.');
      return { find: async () => primary };
    }
  }
}

function readTls({ tls }: RedisAddress): SecureContextOptions | undefined {
  if (!tls) return undefined;
  const files: SecureContextOptions = {};
  for (const [name, path] of Object.entries(tls)) {
    try {
      Object.assign(files, { [name]: readFileSync(path) });
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      throw new SignalboxError('UNAVAILABLE', `REDIS_URL: the file of ${name} cannot be read: ${code}.`, {
        cause: error,
      });
    }
  }
  return files;
}

/**
 * Connects for the first time. Rejects with UNAVAILABLE and the reason where that fails, within 5 s: a
 * start does not wait.
 */
export async function connected(redis: Redis): Promise<Redis> {
  let refusal: Error | undefined;
  const remember = (error: Error) => {
    refusal = error;
  };
  redis.on('error', remember);
  const timeUp = Promise.withResolvers<never>();
  const timer = setTimeout(() => timeUp.reject(new Error('time is up')), startTimeoutMs);
  try {
    await Promise.race([redis.connect(), timeUp.promise]);
    // Where there is no such database, the client says so, and goes on with another.
    if (refusal) throw refusal;
    await examine(redis);
    return redis;
  } catch (error) {
    redis.disconnect();
    if (error instanceof SignalboxError || error instanceof ReplyError) refusal ??= error as Error;
    const reason = refusal?.message ?? 'it gives no answer';
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

/** What a start fails with that came as far as its first commands: one line too, with what Redis said. */
export function startFailure(redis: Redis, error: unknown): unknown {
  const cause: unknown = error instanceof SignalboxError ? error.cause : error;
  const said = cause instanceof ReplyError ? (cause as Error).message : refusals.get(redis);
  if (said === undefined) return error;
  const message = `Redis at ${placeOf(redis)} cannot serve: ${said}`;
  return new SignalboxError('UNAVAILABLE', message, { cause: error });
}

/** Where one side takes TLS and the other does not, neither says so: one closes, or both wait. */
function hintAt(redis: Redis, reason: string): string {
  const secure = places.get(redis)?.address.tls !== undefined;
  if (secure) return /ETIMEDOUT/.test(reason) ? '; does it take TLS? If not, write redis, not rediss' : '';
  return /ECONNRESET/.test(reason) ? '; does it take TLS only? Then write rediss' : '';
}

function placeOf(redis: Redis): string {
  const place = places.get(redis);
  return place ? describeAddress(place.address) : 'an unknown place';
}

/** Refuses what is no place for a hub, and warns of what may lose entries one day without a word. */
async function examine(redis: Redis): Promise<void> {
  const place = places.get(redis);
  if (!place?.examine) return;
  const info = await redis.info();
  const value = (name: string) => new RegExp(`^${name}:(\\S+)`, 'm').exec(info)?.[1];
  const mode = value('redis_mode');
  if (mode === 'sentinel') {
    throw new SignalboxError(
      'UNAVAILABLE',
      'it is a sentinel: write redis+sentinel://…/<name of the primary>',
    );
  }
  if (mode === 'cluster' && place.address.form !== 'cluster') {
    throw new SignalboxError('UNAVAILABLE', 'it is a node of a Cluster: write redis+cluster://');
  }
  const policy = value('maxmemory_policy');
  if (policy !== undefined && policy !== 'noeviction') {
    place.log.warn({ policy }, 'redis: it may throw away what peers need: set maxmemory-policy noeviction');
  }
}
