/** One setting: an environment variable, and a flag of the same name. */
export interface Setting {
  readonly variable: string;
  /** As it would be written. Without one, and not given, the setting is undefined. */
  readonly default?: string;
  /** What a value must be, to follow "takes". */
  readonly takes: string;
  /** What it is for: a line of the help. */
  readonly about: string;
  /** The value, or undefined where it is not what the setting takes. */
  parse(text: string): unknown;
  /** Why there is no flag, where there is none. */
  readonly noFlag?: string;
  /** How a wrong value is shown in an error, where it may hold a secret. */
  show?(text: string): string;
}

const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

/** As many bytes as HS256 asks of a key (RFC 7518, 3.2). */
export const secretBytes = 32;
export const howToMakeSecret = 'make one with `openssl rand -base64 32`';

const redisHost = String.raw`(?:[\w.-]+|\[[\da-fA-F:.]+\])(?::\d{1,5})?`;
const redisUrls = [
  String.raw`rediss?://(?:[^/?#\s]*@)?${redisHost}(?:/\d{0,5})?`,
  String.raw`rediss?\+sentinel://(?:[^/?#\s]*@)?${redisHost}(?:,${redisHost})*/[^/?#\s]+(?:/\d{0,5})?`,
  String.raw`rediss?\+cluster://(?:[^/?#\s]*@)?${redisHost}(?:,${redisHost})*/?`,
].map((form) => new RegExp(String.raw`^${form}(?:\?[^#\s]*)?$`));

const table = {
  port: {
    variable: 'PORT',
    default: '4000',
    ...whole(0, 65_535),
    about: 'where to listen; 0 takes any free port',
  },
  host: {
    variable: 'HOST',
    default: 'localhost',
    takes: 'a host name or an IP address',
    parse: (text: string) => matching(/^[\w.:%-]{1,253}$/, text),
    about: 'where to listen; 0.0.0.0 for every interface',
  },
  redisUrl: {
    variable: 'REDIS_URL',
    takes: 'a URL such as redis://localhost:6379, or another of those in docs/redis.md',
    parse: (text: string) => (redisUrls.some((form) => form.test(text)) ? text : undefined),
    show: showUrl,
    about: 'the Redis that nodes share; without it, one node in memory',
  },
  redisPrefix: {
    variable: 'REDIS_PREFIX',
    default: 'signalbox',
    // Braces would end the hash tag that keeps a deployment in one slot.
    takes: '1 to 64 letters, digits or any of _ . : -',
    parse: (text: string) => matching(/^[\w.:-]{1,64}$/, text),
    about: 'begins every key; two deployments may share one Redis',
  },
  tokenSecret: {
    variable: 'TOKEN_SECRET',
    takes: `at least ${secretBytes} bytes: ${howToMakeSecret}`,
    parse: tokenSecret,
    show: (text: string) => `only ${Buffer.byteLength(text)} bytes`,
    noFlag: 'a list of processes shows flags',
    about: 'signs tokens (HS256): 32 bytes or more; random, if no Redis',
  },
  tokenTtlSeconds: {
    variable: 'TOKEN_TTL_SECONDS',
    default: '3600',
    ...whole(1, 31_536_000),
    about: "how long a guest's token holds",
  },
  guestAccess: {
    variable: 'GUEST_ACCESS',
    default: 'true',
    takes: 'true or false',
    parse: (text: string) => (text === 'true' ? true : text === 'false' ? false : undefined),
    about: 'whether `access` gives tokens to guests',
  },
  graceSeconds: {
    variable: 'GRACE_SECONDS',
    default: '15',
    ...seconds(0.1, 3600),
    about: 'how long a session outlives its stream',
  },
  drainSeconds: {
    variable: 'DRAIN_SECONDS',
    default: '5',
    ...seconds(0, 300),
    about: 'over which SIGTERM spreads the end of its streams',
  },
  pingSeconds: {
    variable: 'PING_SECONDS',
    default: '12',
    ...seconds(0.1, 300),
    about: 'how often a quiet stream gets a comment',
  },
  maxPeersPerRoom: {
    variable: 'MAX_PEERS_PER_ROOM',
    default: '1000',
    ...whole(1, 100_000),
    about: 'beyond it, ROOM_FULL',
  },
  maxRoomsPerPeer: {
    variable: 'MAX_ROOMS_PER_PEER',
    default: '32',
    ...whole(1, 10_000),
    about: 'beyond it, TOO_MANY_ROOMS',
  },
  maxStreams: {
    variable: 'MAX_STREAMS',
    default: '10000',
    ...whole(1, 1_000_000),
    about: 'that this process holds; beyond it, 503',
  },
  maxDataBytes: {
    variable: 'MAX_DATA_BYTES',
    default: '65536',
    ...whole(1, 1_048_576),
    about: 'of `data` and `state`, as JSON',
  },
  logLevel: {
    variable: 'LOG_LEVEL',
    default: 'info',
    takes: `one of ${logLevels.join(', ')}`,
    parse: (text: string) => logLevels.find((level) => level === text),
    about: `one of ${logLevels.join(', ')}`,
  },
  nodeEnv: {
    variable: 'NODE_ENV',
    default: 'development',
    takes: '1 to 64 letters, digits or any of _ . -',
    parse: (text: string) => matching(/^[\w.-]{1,64}$/, text),
    noFlag: 'libraries read it too, and from the environment alone',
    about: 'production: no banner, and the log is always JSON',
  },
} as const satisfies Record<string, Setting>;

type Table = typeof table;
type Key = keyof Table;
type Parsed<K extends Key> = Exclude<ReturnType<Table[K]['parse']>, undefined>;

export type Values = {
  readonly [K in Key]: Table[K] extends { default: string } ? Parsed<K> : Parsed<K> | undefined;
};

/** Each with its key in `Values`, in the order of the help. */
export const settings: readonly (readonly [string, Setting])[] = Object.entries(table);

/** `GRACE_SECONDS` is `--grace-seconds`. */
export function flagOf(setting: Setting): string {
  return `--${setting.variable.toLowerCase().replaceAll('_', '-')}`;
}

function matching(pattern: RegExp, text: string): string | undefined {
  return pattern.test(text) ? text : undefined;
}

function whole(min: number, max: number) {
  return {
    takes: `a whole number from ${min} to ${max}`,
    parse: (text: string) => (/^\d{1,15}$/.test(text) ? within(min, Number(text), max) : undefined),
  };
}

function seconds(min: number, max: number) {
  return {
    takes: `a number of seconds from ${min} to ${max}`,
    parse: (text: string) =>
      /^\d{1,9}(\.\d{1,9})?$/.test(text) ? within(min, Number(text), max) : undefined,
  };
}

function within(min: number, value: number, max: number): number | undefined {
  return value >= min && value <= max ? value : undefined;
}

function tokenSecret(text: string): Uint8Array | undefined {
  const bytes = new TextEncoder().encode(text);
  return bytes.length >= secretBytes ? bytes : undefined;
}

/** In quotes and on one line, whatever is in it. */
export function quote(text: string): string {
  return JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}…` : text);
}

/**
 * What was given, where a URL is taken, for an error to show: of a URL only what cannot be a
 * password, and of anything else only what looks like a host.
 */
export function showUrl(text: string): string {
  if (/^[\w.-]*(:\d{1,5})?$/.test(text)) return quote(text);
  // Of several hosts the first alone is shown: only one makes a URL.
  const url = URL.parse(text.replace(new RegExp(`((?:^|[/@])${redisHost}),[^/?#@]*`), '$1'));
  if (!url?.host) return 'not a URL';
  const user = url.username || url.password ? '***@' : '';
  return quote(`${url.protocol}//${user}${url.host}${url.pathname}${url.search && '?***'}`);
}
