import type { Peer, StreamState } from './peer.ts';
import { usePeers } from './peers-context.ts';

const streamWords: Readonly<Record<StreamState, string>> = {
  closed: 'no stream',
  opening: 'opening …',
  open: 'listening',
  lost: 'connection lost, resuming …',
};

/** The messages of both peers, side by side. They stay in view whatever tab is open. */
export function Messages() {
  const peers = usePeers();
  return (
    <section className="all-messages" aria-label="Messages">
      {peers.all.map((peer) => (
        <PeerMessages key={peer.name} peer={peer} isSender={peer === peers.sender} />
      ))}
    </section>
  );
}

function PeerMessages({ peer, isSender }: { readonly peer: Peer; readonly isSender: boolean }) {
  return (
    <section className="peer-messages" data-peer={peer.name} aria-label={`${peer.name}’s messages`}>
      <header>
        <h2>{peer.username}</h2>
        <p className="stream" data-stream={peer.stream} role="status">
          {peer.token === undefined ? 'no token yet' : streamWords[peer.stream]}
        </p>
        {isSender && <p className="sends">sends</p>}
        <p className="count">{peer.total === 1 ? '1 message' : `${peer.total} messages`}</p>
        {peer.stream !== 'closed' && (
          <button type="button" onClick={() => peer.close()} aria-label={`Close ${peer.username}’s stream`}>
            Close
          </button>
        )}
      </header>
      <ol aria-live="polite">
        {peer.entries.length === 0 && <li className="none">None yet. “Messages” opens the stream.</li>}
        {peer.entries.map(({ key, time, title, words, json, isMessage }) => (
          <li key={key} data-note={isMessage ? undefined : ''}>
            <time>{time}</time>
            <strong>{title}</strong> {words}
            {json && <code>{json}</code>}
          </li>
        ))}
      </ol>
    </section>
  );
}
