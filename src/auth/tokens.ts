import { randomUUID } from 'node:crypto';
import { errors, jwtVerify, SignJWT } from 'jose';
import { LRUCache } from 'lru-cache';
import { tokenError, tokenFaults } from '../errors.ts';
import type { Peer } from '../hub/hub.ts';
import { faultOfName, maxNameCharacters } from '../names.ts';

/** The peer that a token stands for, and the time at which the token expires. */
export interface Caller extends Peer {
  /** Undefined if the token does not expire. */
  readonly expiresAt: Date | undefined;
}

/** The only accepted algorithm. A token with another one, for example `none`, is refused. */
const algorithm = 'HS256';

/** The most verified tokens to cache. Checking a signature costs more than the rest of a request. */
const maxCachedTokens = 10_000;

/** Issues tokens for guests, and verifies all tokens that were made with the same secret, here or elsewhere. */
export class Tokens {
  readonly #secret: Uint8Array;
  readonly #ttlMs: number;
  readonly #verified = new LRUCache<string, Caller>({ max: maxCachedTokens });

  /** `secret`: at least 32 bytes, the least for HS256. */
  constructor(options: { readonly secret: Uint8Array; readonly ttlSeconds: number }) {
    this.#secret = options.secret;
    this.#ttlMs = options.ttlSeconds * 1000;
  }

  /** Issues a token for a new peer with this name. */
  async issue(username: string): Promise<{ token: string; peer: Peer; expiresAt: Date }> {
    const id = randomUUID();
    const expiry = Math.floor((Date.now() + this.#ttlMs) / 1000);
    const token = await new SignJWT({ username, signalbox: { guest: true } })
      .setProtectedHeader({ alg: algorithm, typ: 'JWT' })
      .setSubject(id)
      .setIssuedAt()
      .setExpirationTime(expiry)
      .sign(this.#secret);
    return { token, peer: { id, username, guest: true }, expiresAt: new Date(expiry * 1000) };
  }

  /** The caller that the token stands for. Throws UNAUTHENTICATED, and says what is wrong with the token. */
  async verify(token: string): Promise<Caller> {
    const known = this.#verified.get(token);
    if (known) {
      if (known.expiresAt && known.expiresAt.getTime() <= Date.now())
        throw tokenError(tokenFaults.expired(known.expiresAt));
      return known;
    }
    const caller = await this.#read(token);
    this.#verified.set(token, caller);
    return caller;
  }

  async #read(token: string): Promise<Caller> {
    try {
      const { payload } = await jwtVerify(token, this.#secret, { algorithms: [algorithm] });
      const { sub, username, exp, signalbox } = payload;
      if (!sub) throw tokenError(tokenFaults.noSub);
      if (typeof username !== 'string' || username === '') throw tokenError(tokenFaults.noUsername);
      checkName('sub', sub, maxNameCharacters.peerId);
      checkName('username', username, maxNameCharacters.username);
      return {
        id: sub,
        username,
        guest: isGuest(signalbox),
        expiresAt: exp === undefined ? undefined : new Date(exp * 1000),
      };
    } catch (error) {
      if (error instanceof errors.JWTExpired) {
        throw tokenError(tokenFaults.expired(new Date((error.payload.exp ?? 0) * 1000)));
      }
      if (error instanceof errors.JOSEAlgNotAllowed) {
        throw tokenError(tokenFaults.wrongAlgorithm(algorithm));
      }
      if (error instanceof errors.JWSSignatureVerificationFailed) {
        throw tokenError(tokenFaults.wrongSignature);
      }
      if (error instanceof errors.JWTClaimValidationFailed) {
        throw tokenError(tokenFaults.unfulfilledClaim(error.claim));
      }
      if (error instanceof errors.JOSEError) throw tokenError(tokenFaults.notJwt);
      throw error;
    }
  }
}

/** Whether a token's claim `signalbox` says that the mutation `access` made the token. */
function isGuest(claim: unknown): boolean {
  return typeof claim === 'object' && claim !== null && 'guest' in claim && claim.guest === true;
}

/** Checks a name that other peers see, and that is part of keys. */
function checkName(claim: string, value: string, maxCharacters: number): void {
  const fault = faultOfName(value, maxCharacters);
  if (fault) throw tokenError(tokenFaults.invalidName(claim, fault, maxCharacters));
}
