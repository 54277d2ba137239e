import { parseIceServers, parseTurnUrls } from './ice-servers.ts';
import {
  basePath,
  factor,
  matching,
  origins,
  redisUrl,
  seconds,
  showUrl,
  trueOrFalse,
  whole,
} from './settings-values.ts';
import { parseClaims, parseKeyUrl } from './token-keys.ts';
import { describeSecrets, howToMakeSecret, minSecretBytes, parseSecrets } from './token-secret.ts';
import { howToMakeTurnSecret, minTurnSecretCharacters, parseTurnSecret } from './turn.ts';

/** One setting: an environment variable and, for most settings, a flag of the same name. */
export interface Setting {
  readonly variable: string;
  /** In the form that an operator would write. A setting without a default is undefined unless it is given. */
  readonly default?: string;
  /** The default if NODE_ENV is `production`. Absent if it is the same. */
  readonly productionDefault?: string;
  /** Which values are accepted. Errors show it after "it takes". */
  readonly takes: string;
  /** The purpose of the setting, in one line. `--help` and docs/operating.md show it. */
  readonly about: string;
  /** The value, or undefined if the setting does not accept the text. */
  parse(text: string): unknown;
  /** Why the setting has no flag. Absent if it has one. */
  readonly noFlag?: string;
  /** How an error shows a wrong value that may contain a secret. */
  show?(text: string): string;
}

const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

const table = {
  port: {
    variable: 'PORT',
    default: '4000',
    ...whole(0, 65_535),
    about: 'Port to listen on; 0 takes any free port',
  },
  host: {
    variable: 'HOST',
    default: 'localhost',
    takes: 'a host name or an IP address',
    parse: (text: string) => matching(/^[\w.:%-]{1,253}$/, text),
    about: 'Address to listen on; 0.0.0.0 for every interface',
  },
  basePath: {
    variable: 'BASE_PATH',
    default: '/',
    takes: 'a path such as / or /signal',
    parse: basePath,
    about: 'Path that all routes are below, such as /signal',
  },
  redisUrl: {
    variable: 'REDIS_URL',
    takes: 'a URL such as redis://localhost:6379 (other forms: docs/redis.md)',
    parse: redisUrl,
    show: showUrl,
    about: 'Redis that the nodes share; without it, one node in memory',
  },
  redisPrefix: {
    variable: 'REDIS_PREFIX',
    default: 'signalbox',
    // No braces: they would end the hash tag that keeps all keys of a deployment in one slot.
    takes: '1 to 64 letters, digits or any of _ . : -',
    parse: (text: string) => matching(/^[\w.:-]{1,64}$/, text),
    about: 'Start of every key, so that deployments can share one Redis',
  },
  tokenSecrets: {
    variable: 'TOKEN_SECRET',
    takes: `at least ${minSecretBytes} bytes: ${howToMakeSecret}`,
    parse: parseSecrets,
    show: describeSecrets,
    noFlag: 'every user of the machine can see flags',
    about: 'Keys of tokens, comma-separated: the first signs, all verify',
  },
  tokenSecretFile: {
    variable: 'TOKEN_SECRET_FILE',
    takes: 'the path of a file that holds what TOKEN_SECRET would',
    parse: (text: string) => matching(/^\P{Cc}{1,4096}$/u, text),
    about: 'File that holds the text of TOKEN_SECRET instead',
  },
  jwksUrl: {
    variable: 'JWKS_URL',
    takes: 'a URL such as https://id.example/.well-known/jwks.json, without a password',
    parse: parseKeyUrl,
    show: showUrl,
    about: 'Public keys of tokens that an identity provider makes',
  },
  tokenIssuer: {
    variable: 'TOKEN_ISSUER',
    takes: 'one claim `iss` or more, separated by commas',
    parse: parseClaims,
    about: 'What `iss` of each token must be, or one of several',
  },
  tokenAudience: {
    variable: 'TOKEN_AUDIENCE',
    takes: 'one claim `aud` or more, separated by commas',
    parse: parseClaims,
    about: 'What `aud` of each token must have, or one of several',
  },
  tokenTtlSeconds: {
    variable: 'TOKEN_TTL_SECONDS',
    default: '3600',
    ...whole(1, 31_536_000),
    about: "Seconds that a guest's token is valid",
  },
  guestAccess: {
    variable: 'GUEST_ACCESS',
    default: 'true',
    ...trueOrFalse(),
    about: 'Whether `access` admits guests; false if HOST is not loopback',
  },
  graceSeconds: {
    variable: 'GRACE_SECONDS',
    default: '15',
    ...seconds(0.1, 3600),
    about: 'Seconds that a session outlives its stream',
  },
  drainSeconds: {
    variable: 'DRAIN_SECONDS',
    default: '5',
    ...seconds(0, 300),
    about: 'Seconds over which SIGTERM cuts the streams, one by one',
  },
  pingSeconds: {
    variable: 'PING_SECONDS',
    default: '12',
    ...seconds(0.1, 300),
    about: 'Seconds between the comments that keep a stream open',
  },
  maxPeersPerRoom: {
    variable: 'MAX_PEERS_PER_ROOM',
    default: '1000',
    ...whole(1, 100_000),
    about: 'Most members of a room; a join beyond it gets ROOM_FULL',
  },
  maxRoomsPerPeer: {
    variable: 'MAX_ROOMS_PER_PEER',
    default: '32',
    ...whole(1, 10_000),
    about: 'Most rooms of a peer; a join beyond it gets TOO_MANY_ROOMS',
  },
  maxStreams: {
    variable: 'MAX_STREAMS',
    default: '10000',
    ...whole(1, 1_000_000),
    about: 'Most streams of this node; one beyond it gets UNAVAILABLE',
  },
  maxStreamSeconds: {
    variable: 'MAX_STREAM_SECONDS',
    ...seconds(10, 2_592_000),
    about: 'Most seconds of a stream, so that clients move to new nodes',
  },
  maxDataBytes: {
    variable: 'MAX_DATA_BYTES',
    default: '65536',
    ...whole(1, 1_048_576),
    about: 'Most bytes of one `data` or `state`, as JSON',
  },
  trustProxy: {
    variable: 'TRUST_PROXY',
    default: '0',
    ...whole(0, 16),
    about: 'How many proxies in front to believe in X-Forwarded-For',
  },
  ratePeer: {
    variable: 'RATE_PEER',
    default: '1',
    ...factor(),
    about: 'Factor on the limits of one peer; 0 for no limits',
  },
  rateAddress: {
    variable: 'RATE_ADDRESS',
    default: '1',
    ...factor(),
    about: 'Factor on the limits of one address; 0 for no limits',
  },
  iceServers: {
    variable: 'ICE_SERVERS',
    default: '[]',
    takes: 'STUN URLs separated by commas, or a JSON array of { urls, username, credential }',
    parse: parseIceServers,
    // It may contain credentials.
    show: showLength,
    about: 'STUN and TURN servers that `iceServers` gives to clients',
  },
  turnUrls: {
    variable: 'TURN_URLS',
    takes: 'TURN URLs such as turn:turn.example.org:3478, separated by commas',
    parse: parseTurnUrls,
    about: 'TURN servers; each client gets a credential of its own',
  },
  turnSecret: {
    variable: 'TURN_SECRET',
    takes: `${minTurnSecretCharacters} to 255 printable characters without spaces, at least 5 of them different: ${howToMakeTurnSecret}`,
    parse: parseTurnSecret,
    show: showLength,
    noFlag: 'every user of the machine can see flags',
    about: 'Secret of the TURN servers: static-auth-secret in coturn',
  },
  turnTtlSeconds: {
    variable: 'TURN_TTL_SECONDS',
    default: '3600',
    ...whole(10, 31_536_000),
    about: "Seconds that a client's credential for TURN is valid",
  },
  corsOrigins: {
    variable: 'CORS_ORIGINS',
    default: '*',
    takes: '* or origins such as https://app.example, separated by commas',
    parse: origins,
    about: 'Origins whose pages may call the API; * for all',
  },
  graphiql: {
    variable: 'GRAPHIQL',
    default: 'true',
    productionDefault: 'false',
    ...trueOrFalse(),
    about: 'Whether a browser gets GraphiQL; false in production',
  },
  introspection: {
    variable: 'INTROSPECTION',
    default: 'true',
    productionDefault: 'false',
    ...trueOrFalse(),
    about: 'Whether queries may read the schema; false in production',
  },
  adminPort: {
    variable: 'ADMIN_PORT',
    ...whole(0, 65_535),
    about: 'Port of the metrics, for operators alone; 0 takes any free port',
  },
  adminHost: {
    variable: 'ADMIN_HOST',
    default: 'localhost',
    takes: 'a host name or an IP address',
    parse: (text: string) => matching(/^[\w.:%-]{1,253}$/, text),
    about: 'Address to listen on for ADMIN_PORT',
  },
  logLevel: {
    variable: 'LOG_LEVEL',
    default: 'info',
    takes: `one of ${logLevels.join(', ')}`,
    parse: (text: string) => logLevels.find((level) => level === text),
    about: `Log level: ${logLevels.join(', ')}`,
  },
  nodeEnv: {
    variable: 'NODE_ENV',
    default: 'development',
    takes: '1 to 64 letters, digits or any of _ . -',
    parse: (text: string) => matching(/^[\w.-]{1,64}$/, text),
    noFlag: 'libraries read it too, and only from the environment',
    about: 'If production: no banner, and the log is always JSON',
  },
} as const satisfies Record<string, Setting>;

type Table = typeof table;
type Key = keyof Table;
type Parsed<K extends Key> = Exclude<ReturnType<Table[K]['parse']>, undefined>;

export type Values = {
  readonly [K in Key]: Table[K] extends { default: string } ? Parsed<K> : Parsed<K> | undefined;
};

/** Every setting with its key in `Values`, in the order of `--help`. */
export const settings: readonly (readonly [string, Setting])[] = Object.entries(table);

/** `GRACE_SECONDS` is `--grace-seconds`. */
export function flagOf(setting: Setting): string {
  return `--${setting.variable.toLowerCase().replaceAll('_', '-')}`;
}

/** How an error shows a wrong text that may contain a secret. */
function showLength(text: string): string {
  return `a text of ${text.length} characters`;
}
