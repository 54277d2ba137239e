import { ACCESS, RENEW } from './documents.ts';
import { network, post } from './transport.ts';
import { type Access, SignalboxError } from './types.ts';

/** Either a name, for a guest, or a function that gives a token of the application. */
export type Identity = { readonly username: string } | { readonly token: () => string | Promise<string> };

/** How long before its end a token is renewed: a quarter of its life, but no longer than this. */
const maxRenewalMs = 60_000;
/** The longest delay of a timer: 2^31 - 1 ms. */
const maxTimeoutMs = 2_147_483_647;

interface Held {
  readonly token: string;
  /** In milliseconds since 1970. */
  readonly expiresAt: number;
  readonly isGuest: boolean;
}

/** The token of one peer: gets it, renews it before it ends, and replaces it if the server refuses it. */
export class Credentials {
  readonly #identity: Identity;
  #held: Held | undefined;
  #getting: Promise<Held> | undefined;

  constructor(identity: Identity) {
    this.#identity = identity;
  }

  /** The newest token. */
  get token(): string | undefined {
    return this.#held?.token;
  }

  /** Gets a token unless there is one. */
  async ensure(url: string): Promise<string> {
    if (!this.#held) {
      // Two callers at once must not become two guests.
      this.#getting ??= this.#get(url).finally(() => {
        this.#getting = undefined;
      });
      this.#held = await this.#getting;
    }
    return this.#held.token;
  }

  /** The server has refused the token, or it has ended: the next `ensure` gets another. A guest is then a new peer. */
  forget(token: string): void {
    if (this.#held?.token === token) this.#held = undefined;
  }

  /** How long until the token should be renewed, in milliseconds. */
  get renewInMs(): number {
    if (!this.#held) return maxTimeoutMs;
    const leftMs = this.#held.expiresAt - Date.now();
    return Math.min(Math.max(0, leftMs - Math.min(leftMs / 4, maxRenewalMs)), maxTimeoutMs);
  }

  /** Gets a new token of the same peer. Resolves to false if the server refuses that. */
  async renew(url: string): Promise<boolean> {
    const held = this.#held;
    try {
      if (held?.isGuest) {
        const { renew } = await post<{ renew: Access }>(url, held.token, { query: RENEW });
        this.#held = toHeld(renew);
      } else {
        this.#held = await this.#get(url);
      }
      return true;
    } catch (error) {
      if (error instanceof SignalboxError && error.retryable) throw error;
      return false;
    }
  }

  async #get(url: string): Promise<Held> {
    if ('token' in this.#identity) {
      // An application that cannot give a token now is asked again later.
      const asked = Promise.resolve().then(this.#identity.token);
      const token = await asked.catch((error: unknown) => Promise.reject(network(error)));
      return { token, expiresAt: expiryOf(token), isGuest: false };
    }
    const { username } = this.#identity;
    const body = { query: ACCESS, variables: { username } };
    return toHeld((await post<{ access: Access }>(url, undefined, body)).access);
  }
}

function toHeld({ token, expiresAt }: Access): Held {
  return { token, expiresAt: Date.parse(expiresAt), isGuest: true };
}

/** The `exp` of a JWT, in milliseconds. It is only used to renew in time: the server checks the token. */
function expiryOf(token: string): number {
  try {
    const payload = token.split('.')[1]?.replaceAll('-', '+').replaceAll('_', '/') ?? '';
    const { exp } = JSON.parse(atob(payload)) as { exp?: number };
    return (exp ?? Number.POSITIVE_INFINITY) * 1000;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
