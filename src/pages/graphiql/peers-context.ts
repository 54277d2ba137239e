import { createContext, useContext, useSyncExternalStore } from 'react';
import type { Peers } from './peers.ts';

export const PeersContext = createContext<Peers | undefined>(undefined);

/** The two peers of this window. The component renders again whenever something of them changes. */
export function usePeers(): Peers {
  const peers = useContext(PeersContext);
  if (!peers) throw new Error('usePeers needs a PeersContext above it.');
  useSyncExternalStore(peers.subscribe, () => peers.version);
  return peers;
}
