import { randomUUID } from 'node:crypto';
import { errors, jwtVerify, SignJWT } from 'jose';
import { LRUCache } from 'lru-cache';
import { SignalboxError } from '../errors.ts';
import type { Profile } from '../hub/hub.ts';
import { faultOfName, longestName } from '../names.ts';

/** Who a token says is calling, and until when that holds. */
export interface Caller extends Profile {
  /** Undefined where the token has no end. */
  readonly expiresAt: Date | undefined;
}

/** The one algorithm: a token that names another, `none` among them, is refused. */
const algorithm = 'HS256';

/** So many verified tokens are remembered: checking a signature again costs more than the rest of a request. */
const rememberedTokens = 10_000;

/** Makes guests' tokens, and reads those that come in, whoever made them with the same secret. */
export class Tokens {
  readonly #secret: Uint8Array;
  readonly #ttlMs: number;
  readonly #verified = new LRUCache<string, Caller>({ max: rememberedTokens });

  /** `secret`: at least 32 bytes, as HS256 asks. */
  constructor(options: { readonly secret: Uint8Array; readonly ttlSeconds: number }) {
    this.#secret = options.secret;
    this.#ttlMs = options.ttlSeconds * 1000;
  }

  /** A token for a new peer of that name. */
  async issue(username: string): Promise<{ token: string; peer: Profile; expiresAt: Date }> {
    const id = randomUUID();
    const expiry = Math.floor((Date.now() + this.#ttlMs) / 1000);
    const token = await new SignJWT({ username })
      .setProtectedHeader({ alg: algorithm, typ: 'JWT' })
      .setSubject(id)
      .setIssuedAt()
      .setExpirationTime(expiry)
      .sign(this.#secret);
    return { token, peer: { id, username }, expiresAt: new Date(expiry * 1000) };
  }

  /** Who is calling. Throws UNAUTHENTICATED, with what is wrong with the token. */
  async verify(token: string): Promise<Caller> {
    const known = this.#verified.get(token);
    if (known) {
      if (known.expiresAt && known.expiresAt.getTime() <= Date.now()) throw expired(known.expiresAt);
      return known;
    }
    const caller = await this.#read(token);
    this.#verified.set(token, caller);
    return caller;
  }

  async #read(token: string): Promise<Caller> {
    try {
      const { payload } = await jwtVerify(token, this.#secret, { algorithms: [algorithm] });
      const { sub, username, exp } = payload;
      if (!sub) throw unauthenticated('it has no `sub`, which is the id of the peer');
      if (typeof username !== 'string' || username === '') throw unauthenticated('it has no `username`');
      checkName('sub', sub, longestName.peerId);
      checkName('username', username, longestName.username);
      return { id: sub, username, expiresAt: exp === undefined ? undefined : new Date(exp * 1000) };
    } catch (error) {
      if (error instanceof errors.JWTExpired) throw expired(new Date((error.payload.exp ?? 0) * 1000));
      if (error instanceof errors.JOSEAlgNotAllowed) {
        throw unauthenticated(`its algorithm is not ${algorithm}, the only one accepted`);
      }
      if (error instanceof errors.JWSSignatureVerificationFailed) {
        throw unauthenticated('its signature is wrong: it was made with another secret');
      }
      if (error instanceof errors.JWTClaimValidationFailed) {
        throw unauthenticated(`its claim \`${error.claim}\` does not hold`);
      }
      if (error instanceof errors.JOSEError) throw unauthenticated('it is no JWT');
      throw error;
    }
  }
}

/** Others are shown these, and keys are named by them. */
function checkName(claim: string, value: string, longest: number): void {
  const fault = faultOfName(value, longest);
  if (fault) throw unauthenticated(`its \`${claim}\` ${fault}, and may have 1 to ${longest} printable ones`);
}

function unauthenticated(why: string): SignalboxError {
  return new SignalboxError('UNAUTHENTICATED', `The token is not accepted: ${why}.`);
}

function expired(at: Date): SignalboxError {
  return unauthenticated(`it ended at ${at.toISOString()}`);
}
