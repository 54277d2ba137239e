import { SignalboxError } from '../../errors.ts';
import type { Payload, Peer, Room } from '../hub.ts';
import type { Item } from './inbox.ts';
import type { Session } from './session.ts';

export interface Member {
  readonly session: Session;
  /** Replaced whole when the state changes: entries that were sent keep the peer as it was. */
  readonly peer: Peer;
  /** The length of the state's JSON. */
  readonly stateLength: number;
  /** That of the peer's. */
  readonly length: number;
}

export function member(session: Session, state: Payload): Member {
  const { id, username } = session.profile;
  const stateLength = state.text.length;
  const length = JSON.stringify({ id, username, state: null }).length - 'null'.length + stateLength;
  return { session, peer: { id, username, state: state.value }, stateLength, length };
}

/** A set of members, in order of joining. */
export class MemoryRoom {
  readonly id: string;
  readonly #members = new Map<string, Member>();
  #length = 0;

  constructor(id: string) {
    this.id = id;
  }

  get members(): ReadonlyMap<string, Member> {
    return this.#members;
  }

  /** Adds a member, or has it take the place of what it was. Throws `PAYLOAD_TOO_LARGE`. */
  put(member: Member, maxLength: number): void {
    const { id } = member.peer;
    const length = this.#length + member.length - (this.#members.get(id)?.length ?? 0);
    if (length > maxLength) throw new SignalboxError('PAYLOAD_TOO_LARGE');
    this.#length = length;
    this.#members.set(id, member);
  }

  remove(member: Member): void {
    if (this.#members.delete(member.peer.id)) this.#length -= member.length;
  }

  /** What the members are shown of it. */
  view(): Room {
    return { id: this.id, peers: Array.from(this.#members.values(), ({ peer }) => peer) };
  }

  /** Gives a room-wide entry to all but the peer it is about, in one go: all see the same order (G2). */
  deliver(item: Item): void {
    const batch = [item];
    for (const { session } of this.#members.values()) {
      if (session.profile.id !== item.entry.peer.id) session.deliver(batch);
    }
  }

  /** Whether there are others than this member, and all of them are between connections. */
  unheard({ session }: Member): boolean {
    if (this.#members.size < 2) return false;
    for (const other of this.#members.values()) {
      if (other.session !== session && other.session.connected) return false;
    }
    return true;
  }
}
