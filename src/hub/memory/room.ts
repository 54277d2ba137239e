import { SignalboxError } from '../../errors.ts';
import type { HubOptions, Payload, Peer, Room } from '../hub.ts';
import type { Item } from './inbox.ts';
import type { Session } from './session.ts';

export interface Member {
  readonly session: Session;
  /** Replaced whole when the state changes: entries that were sent keep the peer as it was. */
  readonly peer: Peer;
  /** The length of the state's JSON. */
  readonly stateLength: number;
  /** Of the peer as JSON. */
  readonly bytes: number;
}

export function member(session: Session, state: Payload): Member {
  const { id, username } = session.profile;
  const bytes = Buffer.byteLength(`${JSON.stringify({ id, username })},"state":${state.text}`);
  return { session, peer: { id, username, state: state.value }, stateLength: state.text.length, bytes };
}

/** A set of members, in order of joining. */
export class MemoryRoom {
  readonly id: string;
  readonly #members = new Map<string, Member>();
  #bytes = 0;

  constructor(id: string) {
    this.id = id;
  }

  get members(): ReadonlyMap<string, Member> {
    return this.#members;
  }

  /**
   * Adds a member, or has it take the place of what it was. Throws `PAYLOAD_TOO_LARGE` where it grows, has more
   * than a peer's share, and the room is full of bytes then: nobody can keep others out by being large.
   */
  put(member: Member, { maxRoomBytes, maxPeersPerRoom }: HubOptions): void {
    const { id } = member.peer;
    const more = member.bytes - (this.#members.get(id)?.bytes ?? 0);
    const isLarge = member.bytes > maxRoomBytes / maxPeersPerRoom;
    if (more > 0 && isLarge && this.#bytes + more > maxRoomBytes)
      throw new SignalboxError('PAYLOAD_TOO_LARGE');
    this.#bytes += more;
    this.#members.set(id, member);
  }

  remove(member: Member): void {
    if (this.#members.delete(member.peer.id)) this.#bytes -= member.bytes;
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
