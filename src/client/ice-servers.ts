import { ICE_SERVERS } from './documents.ts';

interface IceServerJson {
  readonly urls: string[];
  readonly username: string | null;
  readonly credential: string | null;
}

type Ask = (body: { query: string }) => Promise<{ iceServers: readonly IceServerJson[] }>;

/** How long an answer is used, in milliseconds: credentials of TURN servers live longer. */
const lifeMs = 60_000;

/** Makes a function that gives the STUN and TURN servers that the server names. Without an answer there are none. */
export function iceServersFrom(ask: Ask): () => Promise<RTCIceServer[]> {
  let known: Promise<RTCIceServer[]>;
  let until = 0;
  return () => {
    if (Date.now() > until) {
      until = Date.now() + lifeMs;
      known = ask({ query: ICE_SERVERS }).then(
        // A browser refuses null.
        ({ iceServers }) =>
          iceServers.map(
            ({ urls, ...login }) => (login.username ? { urls, ...login } : { urls }) as RTCIceServer,
          ),
        () => {
          until = 0;
          return [];
        },
      );
    }
    return known;
  };
}
