import { usePeers } from './peers-context.ts';

/** The buttons below the run button that choose the sender. */
export function PeerSwitch() {
  const peers = usePeers();
  return (
    <fieldset className="peer-switch" aria-label="Send as">
      {peers.all.map((peer) => (
        <button
          key={peer.name}
          type="button"
          data-peer={peer.name}
          title={`Send as ${peer.username}`}
          aria-label={`Send as ${peer.username}`}
          aria-pressed={peer === peers.sender}
          onClick={() => peers.choose(peer)}
        >
          {[...peer.username][0]}
        </button>
      ))}
    </fieldset>
  );
}
