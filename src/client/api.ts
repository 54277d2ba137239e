import { ACCESS, RENEW } from '../documents.ts';
import { network, type PostOptions, post, postAndForget, type Request, readStream } from './transport.ts';
import type { Access, SignalboxError } from './types.ts';

/** Either a name, for a guest, or a function that gives a token of the application. */
export type Identity = { readonly username: string } | { readonly token: () => string | Promise<string> };

/** How long before its end a token is renewed: a quarter of its life, but no longer than this. */
const maxRenewalMs = 60_000;
/** The longest delay of a timer: 2^31 - 1 ms. */
const maxTimeoutMs = 2_147_483_647;

/**
 * The API as one peer: the address that is called now, and the token. The token is renewed before it ends, and replaced
 * if the server refuses it.
 */
export class Api {
  readonly #urls: readonly string[];
  readonly #identity: Identity;
  #turn = 0;
  #token: string | undefined;
  #getting: Promise<string> | undefined;

  constructor(urls: readonly string[], identity: Identity) {
    this.#urls = urls.map((url) => `${url.replace(/\/(graphql)?$/, '')}/graphql`);
    this.#identity = identity;
  }

  get url(): string {
    return this.#urls[this.#turn % this.#urls.length] ?? '';
  }

  /** Calls the next of the addresses from now on. */
  turn(): void {
    this.#turn += 1;
  }

  /** The newest token. Gets one if there is none. */
  async token(): Promise<string> {
    if (this.#token === undefined) {
      // Two callers at once must not become two guests.
      this.#getting ??= this.#get().finally(() => {
        this.#getting = undefined;
      });
      this.#token = await this.#getting;
    }
    return this.#token;
  }

  /** The token has ended, or the server has refused it: the next call gets another. A guest is then a new peer. */
  forget(token = this.#token): void {
    if (this.#token === token) this.#token = undefined;
  }

  /** How long until the token should be renewed, in milliseconds. The clock of this machine may be fast or slow. */
  get renewInMs(): number {
    const { exp = Number.POSITIVE_INFINITY, iat = 0 } = claimsOf(this.#token);
    const lifeMs = (exp - iat) * 1000;
    const leftMs = Math.min(exp * 1000 - Date.now(), lifeMs);
    // The server has taken the token, so it only seems to have expired.
    const waitMs = leftMs > 0 ? Math.max(leftMs * 0.75, leftMs - maxRenewalMs) : lifeMs / 8;
    return Math.min(waitMs, maxTimeoutMs);
  }

  /** Gets a new token of the same peer. Resolves to false if the server refuses that, or if this token is not the newest. */
  async renew(token: string): Promise<boolean> {
    if (this.#token !== token) return false;
    try {
      this.#token =
        'token' in this.#identity
          ? await this.#get()
          : (await this.post<{ renew: Access }>({ query: RENEW })).renew.token;
      return true;
    } catch (error) {
      if ((error as SignalboxError).retryable) throw error;
      return false;
    }
  }

  /** Sends one request. Rejects with a `SignalboxError`. */
  async post<Data>(request: Request, options?: PostOptions): Promise<Data> {
    const token = await this.token();
    try {
      return await post(this.url, token, request, options);
    } catch (error) {
      if ((error as SignalboxError).code === 'UNAUTHENTICATED') this.forget(token);
      throw error;
    }
  }

  /** Sends a request, if there is a token, without waiting for the answer. */
  postAndForget(request: Request): void {
    if (this.#token !== undefined) postAndForget(this.url, this.#token, request);
  }

  /** Opens an event stream: see `readStream`. */
  async read(request: Request, signal: AbortSignal): Promise<ReturnType<typeof readStream>> {
    return readStream(this.url, await this.token(), request, signal);
  }

  async #get(): Promise<string> {
    const identity = this.#identity;
    if ('token' in identity) {
      // An application that cannot give a token now is asked again later.
      try {
        return await identity.token();
      } catch (error) {
        throw network(error);
      }
    }
    const { username } = identity;
    const request = { query: ACCESS, variables: { username } };
    return (await post<{ access: Access }>(this.url, undefined, request)).access.token;
  }
}

/** The claims of a JWT. They are only used to renew in time: the server checks the token. */
function claimsOf(token: string | undefined): { readonly exp?: number; readonly iat?: number } {
  try {
    return JSON.parse(atob(token?.split('.')[1]?.replaceAll('-', '+').replaceAll('_', '/') ?? '')) ?? {};
  } catch {
    return {};
  }
}
