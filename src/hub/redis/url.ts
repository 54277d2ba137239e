import { SignalboxError } from '../../errors.ts';

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

export interface Credentials {
  readonly username?: string;
  readonly password?: string;
}

/** Where a `REDIS_URL` leads. What each form is for is in docs/redis.md. */
export interface RedisAddress {
  readonly form: 'single' | 'sentinel' | 'cluster';
  /** Of Redis itself, of its sentinels, or of some nodes of the Cluster: where the primary is asked for. */
  readonly hosts: readonly Endpoint[];
  readonly credentials: Credentials;
  readonly db: number;
  /** What the sentinels call the primary. */
  readonly primaryName: string;
  readonly sentinelCredentials: Credentials;
  /** Paths of PEM files: who is trusted beside the usual authorities, and what this side shows. */
  readonly tls: { readonly ca?: string; readonly cert?: string; readonly key?: string } | undefined;
  /** Of IP: 0 for both. */
  readonly family: number;
}

const scheme = /^redis(s?)(?:\+(sentinel|cluster))?:\/\/([^/?#]+)([^?#]*)\??([^#]*)$/;
const parameters = ['ca', 'cert', 'key', 'family', 'sentinelUsername', 'sentinelPassword'];

/** Reads a `REDIS_URL` of any form. Throws UNAVAILABLE, with what is wrong with it and no secret. */
export function parseRedisUrl(url: string): RedisAddress {
  const [, secure, named = 'single', authority = '', path = '', search = ''] = scheme.exec(url) ?? [];
  if (authority === '') throw wrong('it is not redis://, with +sentinel or +cluster, and a host');
  const form = named as RedisAddress['form'];
  const at = authority.lastIndexOf('@');
  const hosts = authority.slice(at + 1).split(',');
  if (form === 'single' && hosts.length > 1) throw wrong('more than one host is for +sentinel or +cluster');
  const [first = '', second = '', ...rest] = path.split('/').slice(1);
  if (form === 'sentinel' && first === '') throw wrong('the name of the primary is missing: /<name>');
  const [db, beyond] = form === 'sentinel' ? [second, rest] : [first, [second, ...rest]];
  if (!/^\d{0,5}$/.test(db) || beyond.some(Boolean)) throw wrong('its path is no number of a database');
  if (form === 'cluster' && Number(db) !== 0) throw wrong('a Cluster has no databases');

  const query = new URLSearchParams(search);
  const unknown = [...query.keys()].find((name) => !parameters.includes(name));
  if (unknown !== undefined) throw wrong(`a parameter is none of ${parameters.join(', ')}`);
  const [ca, cert, key] = [query.get('ca'), query.get('cert'), query.get('key')];
  if (!secure && (ca || cert || key)) throw wrong('ca, cert and key are for TLS: rediss');

  return {
    form,
    hosts: hosts.map((host) => endpoint(host, form === 'sentinel' ? 26379 : 6379)),
    credentials: at === -1 ? {} : credentialsOf(authority.slice(0, at)),
    db: Number(db),
    primaryName: form === 'sentinel' ? decode(first) : '',
    sentinelCredentials: credentials(query.get('sentinelUsername'), query.get('sentinelPassword')),
    tls: secure ? { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) } : undefined,
    family: Number(query.get('family') ?? 0),
  };
}

/** As the URL has it, without the credentials, for an operator to read. */
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
  if (!url?.hostname) throw wrong('a host of it is not <host>:<port>');
  // A socket takes an IPv6 address without the brackets that it has in a URL.
  return { host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port || defaultPort) };
}

function credentialsOf(text: string): Credentials {
  const colon = text.indexOf(':');
  if (colon === -1) return credentials(decode(text), null);
  return credentials(decode(text.slice(0, colon)), decode(text.slice(colon + 1)));
}

/** A name alone is of a user without a password, who is still to be named. */
function credentials(username: string | null, password: string | null): Credentials {
  if (username) return { username, password: password ?? '' };
  return password ? { password } : {};
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw wrong('a % in it is not followed by two hexadecimal digits: a % itself is written %25');
  }
}

function wrong(why: string): SignalboxError {
  return new SignalboxError('UNAVAILABLE', `REDIS_URL cannot be used: ${why}.`);
}
