import type { Logger } from 'pino';
import { keptSecret, keptSecretFile } from './auth/kept-secret.ts';
import { KeySet } from './auth/key-set.ts';
import { Tokens } from './auth/tokens.ts';
import { createEngine } from './graphql/engine.ts';
import type { HttpOptions } from './http/requests.ts';
import { maxRoomBytes } from './hub/bounds.ts';
import type { Hub } from './hub/hub.ts';
import { MemoryHub } from './hub/memory/hub.ts';
import { RedisHub } from './hub/redis/hub.ts';
import type { Reach } from './hub/redis/neighbours.ts';
import type { IceServersFor } from './ice-servers.ts';
import { Meters } from './limits/account.ts';
import { maxOpenFiles, otherFiles } from './limits/open-files.ts';
import type { Monitor } from './monitor.ts';
import { Narrator } from './narrator.ts';
import type { Settings } from './settings.ts';
import { isOpenToAll } from './token-keys.ts';
import { turnServerFor } from './turn.ts';

/** The parts of a node that are the same whoever listens. */
export interface Parts {
  /** Not started yet. */
  readonly hub: Hub;
  /** The keys of JWKS_URL. Not started yet. */
  readonly keys: KeySet | undefined;
  readonly http: Omit<HttpOptions, 'ready'>;
}

/** `reach`: how other nodes reach this one. `monitor`: measures all parts. */
export function createParts(settings: Settings, log: Logger, reach: Reach, monitor?: Monitor): Parts {
  const hub = createHub(settings, log, reach, monitor);
  const keys = createKeySet(settings, log);
  const meters = new Meters({ peer: settings.ratePeer, address: settings.rateAddress }, monitor);
  const services = {
    hub,
    tokens: createTokens(settings, keys, log),
    guestAccess: settings.guestAccess,
    maxDataBytes: settings.maxDataBytes,
    meters,
    iceServersFor: createIceServers(settings),
    tell: settings.nodeEnv === 'development' ? new Narrator(log).tell : undefined,
    monitor,
  };
  const openFiles = maxOpenFiles();
  warnOfFewFiles(openFiles, settings, log);
  const http = {
    engine: createEngine(services, log, { introspection: settings.introspection }),
    log,
    pingSeconds: settings.pingSeconds,
    maxDataBytes: settings.maxDataBytes,
    maxStreams: settings.maxStreams,
    maxOpenFiles: openFiles,
    trustProxy: settings.trustProxy,
    meters,
    host: settings.host,
    basePath: settings.basePath,
    corsOrigins: settings.corsOrigins,
    graphiql: settings.graphiql,
    monitor,
    sign: hub instanceof RedisHub ? () => hub.sign : undefined,
  };
  return { hub, keys, http };
}

/** Starts a node: its hub, and the keys of tokens. Rejects with UNAVAILABLE. */
export async function startParts({ hub, keys }: Pick<Parts, 'hub' | 'keys'>): Promise<void> {
  await Promise.all([hub.start(), keys?.start()]);
}

function createKeySet({ jwksUrl, tokenAudience }: Settings, log: Logger): KeySet | undefined {
  if (jwksUrl === undefined) return undefined;
  if (isOpenToAll(jwksUrl)) {
    log.warn('JWKS_URL is not https: whoever is on the way can replace the keys, and be any peer');
  }
  if (tokenAudience === undefined) {
    log.warn(
      'TOKEN_AUDIENCE is not set: tokens that JWKS_URL’s provider makes for other applications are accepted',
    );
  }
  return new KeySet({ url: jwksUrl, log });
}

function createTokens(settings: Settings, keys: KeySet | undefined, log: Logger) {
  const { tokenSecrets: [secret, ...otherSecrets] = [], tokenTtlSeconds } = settings;
  const { tokenIssuer: issuers, tokenAudience: audiences } = settings;
  const options = { keys, issuers, audiences, ttlSeconds: tokenTtlSeconds };
  if (secret || keys) return new Tokens({ ...options, secret, otherSecrets });
  const kept = keptSecret();
  if (kept.problem !== undefined) {
    log.warn(
      { file: keptSecretFile, problem: kept.problem },
      'TOKEN_SECRET is not set, and no secret can be kept: all tokens become invalid when this process ends',
    );
  }
  return new Tokens({ ...options, secret: kept.secret });
}

function createIceServers({ iceServers, turnUrls, turnSecret, turnTtlSeconds }: Settings): IceServersFor {
  if (!turnUrls || turnSecret === undefined) return () => iceServers;
  const turn = { urls: turnUrls, secret: turnSecret, ttlSeconds: turnTtlSeconds };
  return (peerId) => [...iceServers, turnServerFor(peerId, turn)];
}

/** Each stream is an open file, and so is each other connection. */
function warnOfFewFiles(limit: number | undefined, { maxStreams }: Settings, log: Logger): void {
  const needed = maxStreams + otherFiles;
  if (limit === undefined || limit >= needed) return;
  log.warn(
    { limit, needed },
    'too few open files are allowed for MAX_STREAMS: raise the limit (ulimit -n, LimitNOFILE), or set a lower MAX_STREAMS',
  );
}

function createHub(settings: Settings, log: Logger, reach: Reach, monitor: Monitor | undefined): Hub {
  const {
    redisUrl,
    redisPrefix,
    graceSeconds,
    maxPeersPerRoom,
    maxRoomsPerPeer,
    maxStreams,
    maxStreamSeconds,
  } = settings;
  const options = {
    log,
    monitor,
    graceMs: graceSeconds * 1000,
    maxPeersPerRoom,
    maxRoomsPerPeer,
    maxRoomBytes: maxRoomBytes(settings.maxDataBytes),
    maxStreams,
    maxStreamMs: maxStreamSeconds === undefined ? undefined : maxStreamSeconds * 1000,
  };
  if (redisUrl === undefined) return new MemoryHub(options);
  return new RedisHub({ url: redisUrl, prefix: redisPrefix, reach, ...options });
}
