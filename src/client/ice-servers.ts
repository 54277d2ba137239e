import { ICE_SERVERS } from './documents.ts';

interface IceServerJson {
  readonly urls: string[];
  readonly username: string | null;
  readonly credential: string | null;
}

type Ask = (body: { query: string }) => Promise<{ iceServers: readonly IceServerJson[] }>;

/** How long an answer is used, in milliseconds: credentials of TURN servers live longer. */
const lifeMs = 60_000;

/** The STUN and TURN servers that the server names. Without an answer there are none. */
export class IceServers {
  readonly #ask: Ask;
  #known: Promise<RTCIceServer[]> | undefined;
  #until = 0;

  constructor(ask: Ask) {
    this.#ask = ask;
  }

  get(): Promise<RTCIceServer[]> {
    if (!this.#known || Date.now() > this.#until) {
      this.#until = Date.now() + lifeMs;
      this.#known = this.#ask({ query: ICE_SERVERS }).then(
        // A browser refuses null.
        ({ iceServers }) =>
          iceServers.map(({ urls, ...login }) => (login.username ? { urls, ...login } : { urls })),
        () => {
          this.#until = 0;
          return [];
        },
      ) as Promise<RTCIceServer[]>;
    }
    return this.#known;
  }
}
