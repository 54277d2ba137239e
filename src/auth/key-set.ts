import { setTimeout as wait } from 'node:timers/promises';
import {
  type CryptoKey,
  createRemoteJWKSet,
  type ExportedJWKSCache,
  errors,
  type FlattenedJWSInput,
  type JSONWebKeySet,
  type JWSHeaderParameters,
  jwksCache,
} from 'jose';
import type { Logger } from 'pino';
import { keysUnavailable, noKeys, SignalboxError } from '../errors.ts';
import { KeptKeys } from './kept-keys.ts';

/** The algorithms of keys in a set. A set has public keys, so none of HMAC is among them. */
export const keySetAlgorithms = ['RS256', 'ES256', 'EdDSA'];

/** How long one fetch may take, in milliseconds. */
const fetchTimeoutMs = 3000;
/** How long after a failed fetch the next one is made. */
const retryMs = 30_000;
/** How long keys are used that could not be fetched again. A key may have been taken back meanwhile. */
const maxAgeMs = 24 * 3_600_000;

export interface KeySetOptions {
  readonly url: string;
  readonly log: Logger;
  /** Where the last set is kept. */
  readonly kept?: KeptKeys;
  /** How often the set is fetched. */
  readonly refreshMs?: number;
  /** The least time between two fetches because of a token whose key is unknown. */
  readonly pauseMs?: number;
}

/**
 * The public keys of a provider of identities, from a URL (JWKS_URL). They are fetched at the start and every ten minutes,
 * and when a token names a key that is not among them, but not more often than once a second. While the URL is dead, the
 * keys of the last fetch are used for a day.
 */
export class KeySet {
  readonly #options: Required<KeySetOptions>;
  /** jose puts what it fetches here. */
  readonly #cache: Partial<ExportedJWKSCache> = {};
  readonly #remote: ReturnType<typeof createRemoteJWKSet>;
  /** The fetch that has not begun yet, and the one that is under way. */
  #next: Promise<void> | undefined;
  #current: Promise<void> | undefined;
  #fetchedAt = 0;
  #triedAt = Number.NEGATIVE_INFINITY;
  #failing = false;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;
  /** Called when a key is no longer in the set: tokens that it has signed are valid no more. */
  onKeyGone: () => void = () => undefined;

  constructor(options: KeySetOptions) {
    const { url, log, kept = new KeptKeys(url), refreshMs = 600_000, pauseMs = 1000 } = options;
    this.#options = { url, log, kept, refreshMs, pauseMs };
    const earlier = kept.read();
    if (earlier) Object.assign(this.#cache, { jwks: earlier.jwks, uat: earlier.fetchedAt });
    // This class decides when to fetch: jose would do so at each unknown key while the URL is dead.
    this.#remote = createRemoteJWKSet(new URL(url), {
      timeoutDuration: fetchTimeoutMs,
      cooldownDuration: Number.POSITIVE_INFINITY,
      cacheMaxAge: Number.POSITIVE_INFINITY,
      [jwksCache]: this.#cache as ExportedJWKSCache,
    });
    // jose ignores what is no set of keys.
    if (earlier && this.#remote.jwks()) this.#fetchedAt = earlier.fetchedAt;
  }

  /** Resolves when there are keys. Rejects with UNAVAILABLE if they cannot be fetched, and none are kept. */
  async start(): Promise<void> {
    try {
      await this.#fetch();
    } catch (error) {
      const { cause } = error as Error;
      if (this.#isTooOld) throw new SignalboxError('UNAVAILABLE', noKeys(reasonOf(cause)), { cause });
    }
    if (!this.#closed) this.#schedule();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  /**
   * The key of a token, for `jwtVerify`. Rejects with an error of jose if no key fits, and with UNAVAILABLE if that cannot
   * be known now.
   */
  readonly keyOf = async (header: JWSHeaderParameters, token: FlattenedJWSInput): Promise<CryptoKey> => {
    if (this.#isTooOld) await this.#fetchSoon();
    try {
      return await this.#find(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
    }
    // The provider may have begun to use a new key.
    await this.#fetchSoon();
    return this.#find(header, token);
  };

  async #find(header: JWSHeaderParameters, token: FlattenedJWSInput): Promise<CryptoKey> {
    try {
      return await this.#remote(header, token);
    } catch (error) {
      if (error instanceof errors.JOSEError) throw error;
      // What the set has under this name is no key.
      throw new errors.JWKSNoMatchingKey(undefined, { cause: error });
    }
  }

  get #isTooOld(): boolean {
    return Date.now() - this.#fetchedAt > maxAgeMs;
  }

  /** Resolves after a fetch that has not begun yet, and that all who wait share. */
  #fetchSoon(): Promise<void> {
    this.#next ??= this.#fetchAfterPause();
    return this.#next;
  }

  async #fetchAfterPause(): Promise<void> {
    await this.#current?.catch(() => undefined);
    const pauseMs = this.#triedAt + this.#options.pauseMs - performance.now();
    if (pauseMs > 0) await wait(pauseMs, undefined, { ref: false });
    this.#next = undefined;
    await this.#fetch();
  }

  #fetch(): Promise<void> {
    this.#triedAt = performance.now();
    this.#current = this.#reload().finally(() => {
      this.#current = undefined;
    });
    return this.#current;
  }

  async #reload(): Promise<void> {
    const { url, log, kept } = this.#options;
    const before = this.#cache.jwks;
    try {
      await this.#remote.reload();
    } catch (error) {
      // One line an outage. Not the URL, which may have a key in its query.
      const { host } = new URL(url);
      if (!this.#failing)
        log.warn({ host, reason: reasonOf(error) }, 'JWKS_URL: the keys of tokens cannot be fetched');
      this.#failing = true;
      throw new SignalboxError('UNAVAILABLE', keysUnavailable, { cause: error });
    }
    if (this.#failing) log.info('JWKS_URL: the keys of tokens were fetched');
    this.#failing = false;
    this.#fetchedAt = Date.now();
    const { jwks } = this.#cache;
    if (!jwks) return;
    if (!before?.keys.every((key) => has(jwks, key))) this.onKeyGone();
    const problem = kept.write({ jwks, fetchedAt: this.#fetchedAt });
    if (problem !== undefined) log.debug({ problem }, 'JWKS_URL: the keys cannot be kept in a file');
  }

  #schedule(): void {
    const ms = this.#failing ? Math.min(retryMs, this.#options.refreshMs) : this.#options.refreshMs;
    this.#timer = setTimeout(async () => {
      await this.#fetchSoon().catch(() => undefined);
      if (!this.#closed) this.#schedule();
    }, ms).unref();
  }
}

function has({ keys }: JSONWebKeySet, key: object): boolean {
  const text = JSON.stringify(key);
  return keys.some((other) => JSON.stringify(other) === text);
}

/** What `fetch` hides behind "fetch failed". */
function reasonOf(error: unknown): string {
  const { message, cause } = error as Error & { cause?: { code?: unknown } };
  return typeof cause?.code === 'string' ? cause.code : message;
}
