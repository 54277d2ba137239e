import { ICE_SERVERS } from './documents.ts';

interface IceServerJson {
  readonly urls: string[];
  readonly username: string | null;
  readonly credential: string | null;
  readonly expiresAt: string | null;
}

/** A credential that ends within this time is not used any more, in milliseconds. */
const marginMs = 60_000;

/** The STUN and TURN servers that the server names. They are asked for again when a credential is about to end. */
export class IceServers {
  readonly #ask: (body: { query: string }) => Promise<{ iceServers: readonly IceServerJson[] }>;
  #known: Promise<RTCIceServer[]> | undefined;
  #until = 0;

  constructor(ask: (body: { query: string }) => Promise<{ iceServers: readonly IceServerJson[] }>) {
    this.#ask = ask;
  }

  /** Without an answer there are none: peers then find one another in the same network only. */
  get(): Promise<RTCIceServer[]> {
    if (!this.#known || Date.now() > this.#until) {
      this.#until = Number.POSITIVE_INFINITY;
      this.#known = this.#get().catch(() => {
        this.#until = 0;
        return [];
      });
    }
    return this.#known;
  }

  async #get(): Promise<RTCIceServer[]> {
    const { iceServers } = await this.#ask({ query: ICE_SERVERS });
    const ends = iceServers.flatMap(({ expiresAt }) => (expiresAt ? Date.parse(expiresAt) : []));
    this.#until = Math.min(...ends) - marginMs;
    // A browser refuses null.
    return iceServers.map(({ urls, username, credential }) =>
      username === null || credential === null ? { urls } : { urls, username, credential },
    );
  }
}
