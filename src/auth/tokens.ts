import { createHash, randomUUID } from 'node:crypto';
import { decodeJwt, errors, type JWTPayload, jwtVerify, SignJWT } from 'jose';
import { LRUCache } from 'lru-cache';
import { notAGuest, SignalboxError, tokenError, tokenFaults } from '../errors.ts';
import type { Peer } from '../hub/hub.ts';
import type { Pass } from '../hub/pass.ts';
import { fullId } from '../hub/spaces.ts';
import { faultOfName, type NameKind } from '../names.ts';
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
  /** Signs tokens, and verifies them: at least 32 bytes, the least for HS256. */
  readonly secret: Uint8Array;
  /** Also accepted, but not used to sign: the next secret before a change, the last one after it. */
  readonly otherSecrets?: readonly Uint8Array[];
  readonly ttlSeconds: number;
}

/** The only accepted algorithm. A token with another one, for example `none`, is refused. */
const algorithm = 'HS256';

/** The most verified tokens to cache. Checking a signature costs more than the rest of a request. */
const maxCachedTokens = 10_000;
/** The most characters of all cached tokens. */
const maxCachedCharacters = 8 * 1024 * 1024;

/**
 * How far the clock of whoever made a token may be ahead of this one's, in seconds, as its `nbf` shows. `exp` has no
 * such leeway: nothing is gained by serving an expired token.
 */
const notBeforeLeewaySeconds = 10;

/** Issues tokens for guests, and verifies all tokens that were made with the same secrets, here or elsewhere. */
export class Tokens {
  readonly #secrets: readonly [Uint8Array, ...Uint8Array[]];
  readonly #ttlMs: number;
  readonly #verified = new LRUCache<string, Caller>({
    max: maxCachedTokens,
    maxSize: maxCachedCharacters,
    sizeCalculation: (_caller, token) => token.length,
  });

  constructor({ secret, otherSecrets = [], ttlSeconds }: TokensOptions) {
    this.#secrets = [secret, ...otherSecrets];
    this.#ttlMs = ttlSeconds * 1000;
  }

  /** Issues a token for a new peer with this name, in this space. */
  issue(username: string, space?: string): Promise<Access> {
    return this.#sign({ id: randomUUID(), username, guest: true }, { guest: true, space });
  }

  /**
   * The next token of the same guest, with the same claim `signalbox`. Throws UNAUTHENTICATED if the token is not
   * valid, and FORBIDDEN if it is not a guest's.
   */
  async renew(token: string): Promise<Access> {
    const { id, username, guest } = await this.verify(token);
    if (!guest) throw new SignalboxError('FORBIDDEN', notAGuest);
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
    const caller = await this.#read(token);
    this.#verified.set(token, caller);
    return caller;
  }

  async #sign(peer: Peer, claim: unknown): Promise<Access> {
    const expiry = Math.floor((Date.now() + this.#ttlMs) / 1000);
    const token = await new SignJWT({ username: peer.username, signalbox: claim })
      .setProtectedHeader({ alg: algorithm, typ: 'JWT' })
      .setSubject(peer.id)
      .setIssuedAt()
      .setExpirationTime(expiry)
      .sign(this.#secrets[0]);
    return { token, peer, expiresAt: new Date(expiry * 1000) };
  }

  async #read(token: string): Promise<Caller> {
    const { sub, username, exp, iat, signalbox } = await this.#claimsOf(token);
    if (sub === undefined || sub === '') throw tokenError(tokenFaults.noSub);
    // A claim of another type than jose says gets here: it checks only the types of times.
    if (typeof sub !== 'string') throw tokenError(tokenFaults.subNotText);
    if (typeof username !== 'string' || username === '') throw tokenError(tokenFaults.noUsername);
    checkName('sub', 'peerId', sub);
    checkName('username', 'username', username);
    if (exp === undefined) throw tokenError(tokenFaults.noExp);
    const expiresAt = toDate(exp);
    checkExpiry(expiresAt);
    const rights = new Rights(signalbox);
    const { guest, space } = rights;
    return { id: sub, username, guest, space, expiresAt, rights, pass: passOf(token, iat, rights) };
  }

  /** The claims of a token that one of the secrets has signed. */
  async #claimsOf(token: string): Promise<JWTPayload> {
    const options = { algorithms: [algorithm], clockTolerance: notBeforeLeewaySeconds };
    for (const [i, secret] of this.#secrets.entries()) {
      try {
        return (await jwtVerify(token, secret, options)).payload;
      } catch (error) {
        const isLast = i === this.#secrets.length - 1;
        if (!(error instanceof errors.JWSSignatureVerificationFailed) || isLast) throw toTokenError(error);
      }
    }
    throw tokenError(tokenFaults.wrongSignature);
  }
}

/** The error of `jwtVerify` as a client gets it, or the error itself if it is a bug. */
function toTokenError(error: unknown): unknown {
  if (error instanceof errors.JWTExpired)
    return tokenError(tokenFaults.expired(toDate(error.payload.exp ?? 0)));
  if (error instanceof errors.JOSEAlgNotAllowed) return tokenError(tokenFaults.wrongAlgorithm(algorithm));
  if (error instanceof errors.JWSSignatureVerificationFailed) return tokenError(tokenFaults.wrongSignature);
  if (error instanceof errors.JWTClaimValidationFailed) {
    const { claim } = error;
    return tokenError(claim === 'exp' ? tokenFaults.badExp : tokenFaults.unfulfilledClaim(claim));
  }
  return error instanceof errors.JOSEError ? tokenError(tokenFaults.notJwt) : error;
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
