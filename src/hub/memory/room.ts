import type { Payload, Peer, Room } from '../hub.ts';
import type { Item } from './inbox.ts';
import type { Session } from './session.ts';

export interface Member {
  readonly session: Session;
  /** Replaced whole when the state changes: entries that were sent keep the peer as it was. */
  readonly peer: Peer;
  /** The length of the state's JSON. */
  readonly stateLength: number;
}

export function member(session: Session, state: Payload): Member {
  const { id, username } = session.profile;
  return { session, peer: { id, username, state: state.value }, stateLength: state.text.length };
}

/** A set of members, in order of joining. */
export class MemoryRoom {
  readonly id: string;
  readonly members = new Map<string, Member>();

  constructor(id: string) {
    this.id = id;
  }

  /** What the members are shown of it. */
  view(): Room {
    return { id: this.id, peers: Array.from(this.members.values(), ({ peer }) => peer) };
  }

  /** Gives a room-wide entry to all but the peer it is about, in one go: all see the same order (G2). */
  deliver(item: Item): void {
    const batch = [item];
    for (const { session } of this.members.values()) {
      if (session.profile.id !== item.entry.peer.id) session.deliver(batch);
    }
  }

  /** Whether there are others than this member, and all of them are between connections. */
  unheard({ session }: Member): boolean {
    if (this.members.size < 2) return false;
    for (const other of this.members.values()) {
      if (other.session !== session && other.session.connected) return false;
    }
    return true;
  }
}
