import { Redis, type RedisOptions } from 'ioredis';
import type { Logger } from 'pino';
import { SignalboxError } from '../../errors.ts';

/** The client's types of its own option exclude one another under `exactOptionalPropertyTypes`. */
type Settings = Omit<RedisOptions, 'replyMapping'>;

/** A mutation answers within 2 s, whatever Redis does (G10). */
const commandTimeoutMs = 1500;
const connectTimeoutMs = 3000;
/** A connection that is given up, since nothing comes of it, is not waited for to say goodbye. */
const disconnectTimeout = 500;
/** Often enough that a Redis which is back is noticed at once; spread, so that nodes do not come all at a time. */
const retryStrategy = (attempt: number) => Math.min(50 * attempt, 500) + Math.random() * 100;

/**
 * The connection for commands. A command that finds it down, or breaks off with it, fails at once and
 * is not sent again: a script may have run, and would run twice.
 */
export function connectForCommands(url: string, log: Logger): Redis {
  return connect(url, log, {
    commandTimeout: commandTimeoutMs,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
  });
}

/**
 * The connection that listens. It comes back by itself; to subscribe again is for its user to do, who
 * can then wait for it and handle its failure.
 */
export function connectForMessages(url: string, log: Logger): Redis {
  return connect(url, log, { autoResubscribe: false, maxRetriesPerRequest: null });
}

function connect(url: string, log: Logger, options: Settings): Redis {
  const settings: Settings = {
    lazyConnect: true,
    connectTimeout: connectTimeoutMs,
    disconnectTimeout,
    retryStrategy,
    ...options,
  };
  const redis = new Redis(url, settings);
  // One line for each outage, however many attempts it takes to get over it.
  let down = false;
  redis.on('error', (error: Error) => {
    log[down ? 'debug' : 'warn']({ reason: error.message }, 'redis: connection lost or refused');
    down = true;
  });
  redis.on('ready', () => {
    log[down ? 'info' : 'debug']('redis: connected');
    down = false;
  });
  return redis;
}

/** Connects for the first time. Rejects with UNAVAILABLE and the reason where that fails: a start does not wait. */
export async function connected(redis: Redis): Promise<Redis> {
  let reason = 'it did not answer';
  const remember = (error: Error) => {
    reason = error.message;
  };
  redis.on('error', remember);
  try {
    await redis.connect();
    return redis;
  } catch (error) {
    const { host, port } = redis.options;
    redis.disconnect();
    throw new SignalboxError('UNAVAILABLE', `Redis at ${host}:${port} cannot be reached: ${reason}`, {
      cause: error,
    });
  } finally {
    redis.off('error', remember);
  }
}
