import { createHash, randomUUID } from 'node:crypto';
import { decodeJwt, decodeProtectedHeader, errors, type JWTPayload, jwtVerify, SignJWT } from 'jose';
import { LRUCache } from 'lru-cache';
import { noGuests, notAGuest, SignalboxError, tokenError, tokenFaults } from '../errors.ts';
import type { Peer } from '../hub/hub.ts';
import type { Pass } from '../hub/pass.ts';
import { fullId } from '../hub/spaces.ts';
import { faultOfName, type NameKind } from '../names.ts';
import { type KeySet, keySetAlgorithms } from './key-set.ts';
import { Rights } from './rights.ts';

/** The peer that a token stands for, and what the token says of it. */
export interface Caller extends Peer {
  readonly expiresAt: Date;
  readonly rights: Rights;
  readonly pass: Pass;
}

/** A token that was issued to a guest. */
export interface Access {
  readonly token: string;
  readonly peer: Peer;
  readonly expiresAt: Date;
}

export interface TokensOptions {
  /** Signs tokens, and verifies them: at least 32 bytes, the least for HS256. Without it, there are no guests. */
  readonly secret?: Uint8Array | undefined;
  /** Also accepted, but not used to sign: the next secret before a change, the last one after it. */
  readonly otherSecrets?: readonly Uint8Array[];
  /** The public keys with which others sign tokens. */
  readonly keys?: KeySet | undefined;
  /** If given, the claim `iss` must be one of these, and `aud` must have one of these. Guests' tokens get the first. */
  readonly issuers?: readonly string[] | undefined;
  readonly audiences?: readonly string[] | undefined;
  readonly ttlSeconds: number;
}

/** The algorithm of secrets. A token with an algorithm that neither secrets nor keys have, such as `none`, is refused. */
const algorithm = 'HS256';

/** The claims that may name a peer. Providers of identities have one of the others, by OpenID Connect. */
const nameClaims = ['username', 'preferred_username', 'name', 'nickname'] as const;

/** The most verified tokens to cache. Checking a signature costs more than the rest of a request. */
const maxCachedTokens = 10_000;
/** The most characters of all cached tokens. */
const maxCachedCharacters = 8 * 1024 * 1024;

/**
 * How far the clock of whoever made a token may be ahead of this one's, in seconds, as its `nbf` shows. `exp` has no
 * such leeway: nothing is gained by serving an expired token.
 */
const notBeforeLeewaySeconds = 10;

/**
 * Issues tokens for guests, and verifies all tokens that were made with the same secrets, here or elsewhere, or with keys
 * of the set.
 */
export class Tokens {
  readonly #secrets: readonly Uint8Array[];
  readonly #keys: KeySet | undefined;
  readonly #issuers: readonly string[] | undefined;
  readonly #audiences: readonly string[] | undefined;
  readonly #ttlMs: number;
  /** How many times keys have gone from the set. */
  #keysGone = 0;
  readonly #verified = new LRUCache<string, Caller>({
    max: maxCachedTokens,
    maxSize: maxCachedCharacters,
    sizeCalculation: (_caller, token) => token.length,
  });

  constructor({ secret, otherSecrets = [], keys, issuers, audiences, ttlSeconds }: TokensOptions) {
    this.#secrets = secret ? [secret, ...otherSecrets] : [];
    this.#keys = keys;
    if (keys) {
      keys.onKeyGone = () => {
        this.#keysGone += 1;
        this.#verified.clear();
      };
    }
    this.#issuers = issuers;
    this.#audiences = audiences;
    this.#ttlMs = ttlSeconds * 1000;
  }

  /** Issues a token for a new peer with this name, in this space. */
  issue(username: string, space?: string): Promise<Access> {
    return this.#sign({ id: randomUUID(), username, guest: true }, { guest: true, space });
  }

  /**
   * The next token of the same guest, with the same claim `signalbox`. Throws UNAUTHENTICATED if the token is not
   * valid, and FORBIDDEN if it is not a guest's, or if a secret has not signed it.
   */
  async renew(token: string): Promise<Access> {
    const { id, username, guest } = await this.verify(token);
    if (!guest || algorithmOf(token) !== algorithm) throw new SignalboxError('FORBIDDEN', notAGuest);
    return this.#sign({ id, username, guest }, decodeJwt(token).signalbox);
  }

  /** The caller that the token stands for. Throws UNAUTHENTICATED, and says what is wrong with the token. */
  async verify(token: string): Promise<Caller> {
    const known = this.#verified.get(token);
    if (known) {
      checkExpiry(known.expiresAt);
      return known;
    }
    // One token has one text. Otherwise the cache would hold many copies with white space in them.
    if (!/^[\w-]+\.[\w-]+\.[\w-]*$/.test(token)) throw tokenError(tokenFaults.notJwt);
    const keysGone = this.#keysGone;
    const caller = await this.#read(token);
    // Its key may have gone meanwhile.
    if (keysGone === this.#keysGone) this.#verified.set(token, caller);
    return caller;
  }

  async #sign(peer: Peer, claim: unknown): Promise<Access> {
    const [secret] = this.#secrets;
    if (!secret) throw new SignalboxError('FORBIDDEN', noGuests);
    const expiry = Math.floor((Date.now() + this.#ttlMs) / 1000);
    const [iss] = this.#issuers ?? [];
    const [aud] = this.#audiences ?? [];
    const token = await new SignJWT({
      username: peer.username,
      signalbox: claim,
      ...(iss && { iss }),
      ...(aud && { aud }),
    })
      .setProtectedHeader({ alg: algorithm, typ: 'JWT' })
      .setSubject(peer.id)
      .setIssuedAt()
      .setExpirationTime(expiry)
      .sign(secret);
    return { token, peer, expiresAt: new Date(expiry * 1000) };
  }

  async #read(token: string): Promise<Caller> {
    const claims = await this.#claimsOf(token);
    const { sub, exp, iat, signalbox } = claims;
    if (sub === undefined || sub === '') throw tokenError(tokenFaults.noSub);
    // A claim of another type than jose says gets here: it checks only the types of times.
    if (typeof sub !== 'string') throw tokenError(tokenFaults.subNotText);
    const nameClaim = nameClaims.find((claim) => claims[claim] !== undefined) ?? 'username';
    const username = claims[nameClaim];
    if (typeof username !== 'string' || username === '') throw tokenError(tokenFaults.noUsername);
    checkName('sub', 'peerId', sub);
    checkName(nameClaim, 'username', username);
    if (exp === undefined) throw tokenError(tokenFaults.noExp);
    const expiresAt = toDate(exp);
    checkExpiry(expiresAt);
    const rights = new Rights(signalbox);
    return {
      id: sub,
      username,
      guest: rights.guest,
      space: rights.space,
      expiresAt,
      rights,
      pass: passOf(token, iat, rights),
    };
  }

  /** The claims of a token that one of the secrets has signed, or a key of the set. Its algorithm tells which. */
  async #claimsOf(token: string): Promise<JWTPayload> {
    const options = {
      clockTolerance: notBeforeLeewaySeconds,
      ...(this.#issuers && { issuer: [...this.#issuers] }),
      ...(this.#audiences && { audience: [...this.#audiences] }),
    };
    const alg = algorithmOf(token);
    try {
      // A secret must not pass for a public key, nor the other way round.
      if (this.#keys && keySetAlgorithms.includes(alg)) {
        return (await jwtVerify(token, this.#keys.keyOf, { ...options, algorithms: keySetAlgorithms }))
          .payload;
      }
      for (const [i, secret] of (alg === algorithm ? this.#secrets : []).entries()) {
        try {
          return (await jwtVerify(token, secret, { ...options, algorithms: [algorithm] })).payload;
        } catch (error) {
          const isLast = i === this.#secrets.length - 1;
          if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw error;
          if (isLast) throw tokenError(tokenFaults.wrongSignature);
        }
      }
    } catch (error) {
      throw toTokenError(error);
    }
    const accepted = [
      ...(this.#secrets.length > 0 ? [algorithm] : []),
      ...(this.#keys ? keySetAlgorithms : []),
    ];
    throw tokenError(tokenFaults.wrongAlgorithm(accepted));
  }
}

/** The error of `jwtVerify` as a client gets it, or the error itself if it is a bug. */
function toTokenError(error: unknown): unknown {
  if (error instanceof SignalboxError) return error;
  if (error instanceof errors.JWTExpired)
    return tokenError(tokenFaults.expired(toDate(error.payload.exp ?? 0)));
  if (error instanceof errors.JWSSignatureVerificationFailed)
    return tokenError(tokenFaults.wrongKeySignature);
  if (error instanceof errors.JWKSNoMatchingKey) return tokenError(tokenFaults.unknownKey);
  if (error instanceof errors.JWKSMultipleMatchingKeys) return tokenError(tokenFaults.manyKeys);
  if (error instanceof errors.JWTClaimValidationFailed) {
    const { claim } = error;
    return tokenError(claim === 'exp' ? tokenFaults.badExp : tokenFaults.unfulfilledClaim(claim));
  }
  // A key that is too weak.
  if (error instanceof TypeError) return tokenError(tokenFaults.unknownKey);
  return error instanceof errors.JOSEError ? tokenError(tokenFaults.notJwt) : error;
}

function algorithmOf(token: string): string {
  try {
    return decodeProtectedHeader(token).alg ?? 'none';
  } catch {
    throw tokenError(tokenFaults.notJwt);
  }
}

/** Throws UNAUTHENTICATED if there is no such date: they end 273,790 years from now. */
function toDate(seconds: number): Date {
  const date = new Date(seconds * 1000);
  if (Number.isNaN(date.getTime())) throw tokenError(tokenFaults.badExp);
  return date;
}

function checkExpiry(expiresAt: Date): void {
  if (expiresAt.getTime() <= Date.now()) throw tokenError(tokenFaults.expired(expiresAt));
}

function passOf(token: string, iat: number | undefined, { guest, space, rooms }: Rights): Pass {
  // Without the signature: for the same claims, some algorithms have several.
  const signed = token.slice(0, token.lastIndexOf('.'));
  return {
    id: createHash('sha256').update(signed).digest('base64url').slice(0, 16),
    issuedAt: guest ? 0 : (iat ?? 0),
    rooms: rooms?.map((match) => fullId(space, match)),
  };
}

/** Refuses a name that other peers see, and that is part of keys. */
function checkName(claim: string, kind: NameKind, value: string): void {
  const fault = faultOfName(kind, value);
  if (fault) throw tokenError(tokenFaults.invalidName(claim, fault));
}
