import { createHash, createHmac } from 'node:crypto';
import type { IceServer } from './ice-servers.ts';

/**
 * Credentials for TURN servers that share a secret with Signalbox, in the form that coturn calls "TURN REST API": the
 * user name is the time of expiry and a name, and the password is an HMAC of the user name. So the TURN server can check
 * a credential without asking anybody.
 */

export interface TurnOptions {
  readonly urls: readonly string[];
  readonly secret: string;
  /** How long a credential is valid. */
  readonly ttlSeconds: number;
}

/**
 * Somebody who has a credential can try many secrets on it, and nobody notices. 16 characters are 64 random bits if they
 * are hexadecimal digits.
 */
export const minTurnSecretCharacters = 16;
export const howToMakeTurnSecret = 'make one with `openssl rand -hex 32`';

/** Reads TURN_SECRET. coturn keeps 255 characters, and a space would end the line in its configuration. */
export function parseTurnSecret(text: string): string | undefined {
  const isFit = text.length >= minTurnSecretCharacters && /^[!-~]{1,255}$/.test(text);
  return isFit && new Set(text).size >= minDifferentCharacters ? text : undefined;
}

/** A text with fewer different characters was typed, and not made at random. */
const minDifferentCharacters = 5;

/** The TURN servers with a credential for this peer. `now` is in milliseconds since 1970. */
export function turnServerFor(
  peerId: string,
  { urls, secret, ttlSeconds }: TurnOptions,
  now = Date.now(),
): IceServer {
  const expiry = Math.floor(now / 1000) + ttlSeconds;
  const username = `${expiry}:${nameOf(peerId)}`;
  const credential = createHmac('sha1', secret).update(username).digest('base64');
  return { urls, username, credential, expiresAt: new Date(expiry * 1000) };
}

/** The most characters of a name. Browsers take user names of up to 508 bytes (RFC 8489, 14.3). */
const maxNameCharacters = 256;

/**
 * The peer's id in letters, digits and a few signs, which every TURN server takes and no log must escape. An id that
 * becomes too long is hashed.
 */
function nameOf(peerId: string): string {
  const encoded = encodeURIComponent(peerId).replace(
    /[!'()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  if (encoded.length <= maxNameCharacters) return encoded;
  return `sha256-${createHash('sha256').update(peerId).digest('hex')}`;
}
