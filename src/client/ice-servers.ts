import { ICE_SERVERS } from '../documents.ts';
import type { Options } from './options.ts';

interface IceServerJson {
  readonly urls: string[];
  readonly username: string | null;
  readonly credential: string | null;
  readonly expiresAt: string | null;
}

type Ask = (body: { query: string }) => Promise<{ iceServers: readonly IceServerJson[] }>;

/** The configuration of RTCPeerConnections: the STUN and TURN servers, and which paths may be used. */
export interface IceServers {
  /** The configuration for a connection that looks for a path now. If the server does not answer, it is the last one. */
  current(): Promise<RTCConfiguration>;
  /** Calls back with each new configuration, until the returned function is called. */
  follow(follower: (configuration: RTCConfiguration) => void): () => void;
}

/**
 * Credentials are renewed after half of the time that they have left, between these bounds in milliseconds. If the clock
 * of this machine is slow, that time seems longer than it is: hence the upper bound. If it is fast, credentials may seem
 * to have expired: then the upper bound counts. If the server does not answer, it is asked again after the lower bound.
 */
const minRenewalMs = 5000;
const maxRenewalMs = 900_000;

/**
 * Gives the STUN and TURN servers that the page has chosen, or those that Signalbox names. It asks Signalbox for them when
 * a connection needs them, and renews them while connections follow.
 */
export function iceServersFrom(options: Options, ask: Ask): IceServers {
  const { iceServers: given, iceTransportPolicy = 'all' } = options;
  const followers = new Set<(configuration: RTCConfiguration) => void>();
  let configuration: RTCConfiguration = { iceServers: [...(given ?? [])], iceTransportPolicy };
  /** When to ask again, in milliseconds since 1970. */
  let renewAt = 0;
  let renewing: Promise<void> | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const plan = () => {
    clearTimeout(timer);
    if (!given && followers.size > 0) timer = setTimeout(renew, renewAt - Date.now());
  };
  const renew = () => {
    renewing ??= ask({ query: ICE_SERVERS })
      .then(({ iceServers }) => {
        let waitMs = maxRenewalMs;
        const servers = iceServers.map(({ urls, username, credential, expiresAt }) => {
          const leftMs = Date.parse(`${expiresAt}`) - Date.now();
          if (leftMs > 0) waitMs = Math.min(waitMs, leftMs / 2);
          // A browser refuses null.
          return (username ? { urls, username, credential } : { urls }) as RTCIceServer;
        });
        configuration = { iceServers: servers, iceTransportPolicy };
        for (const follower of followers) follower(configuration);
        return waitMs;
      })
      .catch(() => 0)
      .then((waitMs) => {
        renewing = undefined;
        renewAt = Date.now() + Math.max(waitMs, minRenewalMs);
        plan();
      });
    return renewing;
  };

  return {
    async current() {
      if (!given && Date.now() >= renewAt) await renew();
      return configuration;
    },
    follow(follower) {
      followers.add(follower);
      plan();
      return () => {
        followers.delete(follower);
        plan();
      };
    },
  };
}
