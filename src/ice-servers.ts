/** A STUN or TURN server, in the form that an RTCPeerConnection takes. */
export interface IceServer {
  readonly urls: readonly string[];
  readonly username?: string;
  readonly credential?: string;
  /** When the credential expires. Absent if it does not. */
  readonly expiresAt?: Date;
}

/** The STUN and TURN servers of a peer, which is named by its full id (hub/spaces.ts). */
export type IceServersFor = (peerId: string) => readonly IceServer[];

const host = String.raw`(?:[\w.-]+|\[[\da-fA-F:.]+\])(?::\d{1,5})?`;
const stunUrl = new RegExp(`^stuns?:${host}$`);
const turnUrl = new RegExp(String.raw`^turns?:${host}(?:\?transport=(?:udp|tcp))?$`);
/** The most servers. A browser asks all of them, and warns from the fifth on. */
const maxServers = 16;

/**
 * Reads ICE_SERVERS: a JSON array of servers, or STUN URLs separated by commas. Undefined if it is neither. A TURN server
 * needs a user name and a credential, because browsers refuse it without them. So it needs the JSON form.
 */
export function parseIceServers(text: string): readonly IceServer[] | undefined {
  if (!text.trimStart().startsWith('[')) {
    const urls = text.split(',').map((url) => url.trim());
    return urls.length <= maxServers && urls.every((url) => stunUrl.test(url))
      ? urls.map((url) => ({ urls: [url] }))
      : undefined;
  }
  let values: unknown;
  try {
    values = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!Array.isArray(values) || values.length > maxServers) return undefined;
  const servers = values.map(serverOf);
  return servers.every((server) => server !== undefined) ? servers : undefined;
}

/** Reads TURN_URLS: URLs separated by commas. Undefined if one of them is not a TURN server's. */
export function parseTurnUrls(text: string): readonly string[] | undefined {
  const urls = text.split(',').map((url) => url.trim());
  return urls.length <= maxServers && urls.every((url) => turnUrl.test(url)) ? urls : undefined;
}

function serverOf(value: unknown): IceServer | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { urls: given, username, credential, ...others } = value as Record<string, unknown>;
  const urls = Array.isArray(given) ? given : [given];
  const isNamed = typeof username === 'string' && typeof credential === 'string';
  const isNameless = username === undefined && credential === undefined;
  const isUsable = (url: unknown) =>
    typeof url === 'string' && (stunUrl.test(url) || (isNamed && turnUrl.test(url)));
  const isValid =
    Object.keys(others).length === 0 && urls.length > 0 && (isNamed || isNameless) && urls.every(isUsable);
  if (!isValid) return undefined;
  return isNamed ? { urls, username, credential } : { urls };
}
