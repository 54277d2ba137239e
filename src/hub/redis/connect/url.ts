import { SignalboxError } from '../../../errors.ts';

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

export interface Credentials {
  readonly username?: string;
  readonly password?: string;
}

export interface TlsAddress {
  /** Paths of PEM files: an authority to trust beside the usual ones, and the client's certificate and key. */
  readonly files: { readonly ca?: string; readonly cert?: string; readonly key?: string };
  /** How the other side proves who it is: by an authority; by one of these certificates (SHA-256, hex); or not at all. */
  readonly trust: 'authorities' | readonly string[] | 'anyone';
}

/** A parsed `REDIS_URL`. docs/redis.md describes the forms. */
export interface RedisAddress {
  readonly form: 'single' | 'sentinel' | 'cluster';
  /** Redis itself; or its sentinels, or some of the cluster nodes, which know the primary. */
  readonly hosts: readonly Endpoint[];
  readonly credentials: Credentials;
  readonly db: number;
  /** The sentinels' name for the primary; empty for the other forms. */
  readonly primaryName: string;
  readonly sentinelCredentials: Credentials;
  readonly tls: TlsAddress | undefined;
  /** The version of IP: 4 or 6; 0 for both. */
  readonly family: number;
}

const scheme = /^redis(s?)(?:\+(sentinel|cluster))?:\/\/([^/?#]+)([^?#]*)\??([^#]*)$/;
const fingerprint = /^[0-9a-f]{64}$/;
const parameters = [
  'ca',
  'cert',
  'key',
  'fingerprint',
  'insecure',
  'family',
  'sentinelUsername',
  'sentinelPassword',
];

/** Parses a `REDIS_URL` of any form. Throws UNAVAILABLE with the reason, which contains no secret. */
export function parseRedisUrl(url: string): RedisAddress {
  const [, secure, named = 'single', authority = '', path = '', search = ''] = scheme.exec(url) ?? [];
  if (authority === '')
    throw wrong(
      'it must begin with redis:// or rediss://, optionally with +sentinel or +cluster, and name a host',
    );
  const form = named as RedisAddress['form'];
  const at = authority.lastIndexOf('@');
  const hosts = authority.slice(at + 1).split(',');
  if (form === 'single' && hosts.length > 1)
    throw wrong('only +sentinel and +cluster take more than one host');
  const [first = '', second = '', ...rest] = path.split('/').slice(1);
  if (form === 'sentinel' && first === '') throw wrong('the name of the primary is missing; add /<name>');
  const [db, beyond] = form === 'sentinel' ? [second, rest] : [first, [second, ...rest]];
  if (!/^\d{0,5}$/.test(db) || beyond.some(Boolean)) throw wrong('the database must be a number');
  if (form === 'cluster' && Number(db) !== 0)
    throw wrong('a Cluster has only database 0; leave the database out');

  const query = new URLSearchParams(search);
  const unknown = [...query.keys()].find((name) => !parameters.includes(name));
  if (unknown !== undefined)
    throw wrong(`a parameter is unknown; the known ones are ${parameters.join(', ')}`);
  const forTls = ['ca', 'cert', 'key', 'fingerprint', 'insecure'];
  if (!secure && forTls.some((name) => query.get(name)))
    throw wrong('ca, cert, key, fingerprint and insecure need TLS; write rediss');

  return {
    form,
    hosts: hosts.map((host) => endpoint(host, form === 'sentinel' ? 26379 : 6379)),
    credentials: at === -1 ? {} : credentialsOf(authority.slice(0, at)),
    db: Number(db),
    primaryName: form === 'sentinel' ? decode(first) : '',
    sentinelCredentials: credentials(query.get('sentinelUsername'), query.get('sentinelPassword')),
    tls: secure ? tlsOf(query) : undefined,
    family: Number(query.get('family') ?? 0),
  };
}

function tlsOf(query: URLSearchParams): TlsAddress {
  const [ca, cert, key] = [query.get('ca'), query.get('cert'), query.get('key')];
  const files = { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
  const insecure = query.get('insecure') ?? 'false';
  if (!['true', 'false'].includes(insecure)) throw wrong('insecure must be true or false');
  // openssl prints them as AB:CD:…
  const listed = query.get('fingerprint')?.toLowerCase().replaceAll(':', '').split(',') ?? [];
  if (!listed.every((each) => fingerprint.test(each)))
    throw wrong(
      'fingerprint must be the SHA-256 of a certificate, 64 hexadecimal digits, or several, separated by commas',
    );
  const ways = [ca, listed.length > 0, insecure === 'true'].filter(Boolean);
  if (ways.length > 1) throw wrong('ca, fingerprint and insecure exclude one another; keep one');
  return { files, trust: insecure === 'true' ? 'anyone' : listed.length > 0 ? listed : 'authorities' };
}

/** The address as in the URL, without credentials, for operators to read. */
export function describeAddress(
  { form, hosts, primaryName, db }: RedisAddress,
  withDatabase: boolean = db !== 0,
): string {
  const places = hosts.map(describeEndpoint).join(',');
  const name = form === 'sentinel' ? `/${primaryName}` : '';
  return `${places}${name}${withDatabase && form !== 'cluster' ? `/${db}` : ''}`;
}

export function describeEndpoint({ host, port }: Endpoint): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function endpoint(text: string, defaultPort: number): Endpoint {
  const url = URL.parse(`redis://${text}`);
  if (!url?.hostname) throw wrong('each host must be <host> or <host>:<port>');
  // Sockets take an IPv6 address without the brackets of a URL.
  return { host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port || defaultPort) };
}

function credentialsOf(text: string): Credentials {
  const colon = text.indexOf(':');
  if (colon === -1) return credentials(decode(text), null);
  return credentials(decode(text.slice(0, colon)), decode(text.slice(colon + 1)));
}

/** A username without a password needs an empty one: else ioredis does not send the username. */
function credentials(username: string | null, password: string | null): Credentials {
  if (username) return { username, password: password ?? '' };
  return password ? { password } : {};
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw wrong('a % must be followed by two hexadecimal digits; write a % itself as %25');
  }
}

function wrong(reason: string): SignalboxError {
  return new SignalboxError('UNAVAILABLE', `REDIS_URL cannot be used: ${reason}.`);
}
