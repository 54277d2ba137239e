/** A message, as the pages select it. */
export interface Message {
  readonly __typename: string;
  readonly cursor?: string;
  readonly resumed?: boolean;
  readonly offer?: boolean;
  readonly event?: string;
  readonly data?: unknown;
  readonly roomId?: string;
  readonly reason?: string;
  readonly peer?: { readonly id?: string; readonly username?: string };
}

/** What a message means, in one sentence. Empty if its type says everything. */
export function wordsFor({ __typename, resumed, offer, event, reason, peer }: Message): string {
  const name = peer?.username ?? 'A peer';
  switch (__typename) {
    case 'Connected':
      return resumed ? 'resumed: true. The session goes on, nothing was missed.' : 'A new session begins.';
    case 'PeerAdded':
      return offer ? `${name} was here already: this side offers.` : `${name} has joined, and will offer.`;
    case 'PeerChanged':
      return `${name} has a new state.`;
    case 'PeerRemoved':
      return reason === 'LEFT' ? `${name} has left.` : `${name} is gone.`;
    case 'Signal':
      return `“${event}” from ${name}.`;
    default:
      return '';
  }
}
