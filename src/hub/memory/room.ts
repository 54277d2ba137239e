import type { JsonText } from '../../json-text.ts';
import type { HubOptions, Member, Peer, Room } from '../hub.ts';
import type { RoomView } from '../room-view.ts';
import { fullIdOf, idIn } from '../spaces.ts';
import type { HeldEntry } from './held-entries.ts';
import type { HeldStates } from './held-states.ts';
import type { Session } from './session.ts';

/** A session in a room. */
export interface Membership {
  readonly session: Session;
  /** Replaced as a whole when the state changes, so that earlier entries keep the earlier state. */
  readonly member: Member;
  /** The size of the member as JSON, in bytes. */
  readonly bytes: number;
}

/** The approximate size of a membership in memory without its state. */
const overheadBytes = 512;

export function membership(session: Session, state: JsonText): Membership {
  const { peer } = session;
  return { session, member: { peer, state }, bytes: memberBytes(peer, state) };
}

/** The approximate size of a membership with this state in memory. */
function heldBytes(state: JsonText): number {
  return state.heldBytes + overheadBytes;
}

function memberBytes(peer: Peer, state: JsonText): number {
  return Buffer.byteLength(`{"peer":${JSON.stringify(peer)},"state":${state.text}}`);
}

/** A set of memberships, in order of joining. */
export class MemoryRoom {
  readonly id: string;
  readonly fullId: string;
  readonly #memberships = new Map<string, Membership>();
  readonly #states: HeldStates;
  #bytes = 0;

  /** `states` counts the memory of the members of all rooms. */
  constructor(fullId: string, states: HeldStates) {
    this.fullId = fullId;
    this.id = idIn(fullId);
    this.#states = states;
  }

  /** By the full id of the peer. */
  get memberships(): ReadonlyMap<string, Membership> {
    return this.#memberships;
  }

  /** The size of all members as JSON, in bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * The size of all members with the peer in this state, in place of its earlier membership if it has one. Undefined
   * if the room does not take it, because it would exceed `maxRoomBytes`. A member that does not grow, or is within an
   * equal share, is always taken: so large members cannot keep others out.
   */
  bytesWith(peer: Peer, state: JsonText, { maxRoomBytes, maxPeersPerRoom }: HubOptions): number | undefined {
    const size = memberBytes(peer, state);
    const growth = size - (this.#memberships.get(fullIdOf(peer))?.bytes ?? 0);
    const isLarge = size > maxRoomBytes / maxPeersPerRoom;
    const bytes = this.#bytes + growth;
    return growth > 0 && isLarge && bytes > maxRoomBytes ? undefined : bytes;
  }

  /** By how many bytes of memory the peer with this state would make the room grow. */
  heldGrowth(peer: Peer, state: JsonText): number {
    const earlier = this.#memberships.get(fullIdOf(peer));
    return heldBytes(state) - (earlier ? heldBytes(earlier.member.state) : 0);
  }

  /** Adds a membership that the room takes, or replaces the session's earlier one. */
  put(added: Membership): void {
    const { peer, state } = added.member;
    this.#bytes += added.bytes - (this.#memberships.get(added.session.fullId)?.bytes ?? 0);
    this.#states.change(added.session.origin, this.heldGrowth(peer, state));
    this.#memberships.set(added.session.fullId, added);
  }

  remove({ session, member, bytes }: Membership): void {
    if (!this.#memberships.delete(session.fullId)) return;
    this.#bytes -= bytes;
    this.#states.change(session.origin, -heldBytes(member.state));
  }

  /** The room as its members see it. */
  view({ members }: RoomView): Room {
    const present = members ? Array.from(this.#memberships.values(), ({ member }) => member) : [];
    return { id: this.id, members: present };
  }

  /** Gives a room-wide entry to all members but its own peer, in one step, so that all see the same order (G2). */
  deliver(sized: HeldEntry): void {
    const batch = [sized];
    for (const { session } of this.#memberships.values()) {
      if (session.peer.id !== sized.entry.peer.id) session.deliver(batch);
    }
  }

  /** Whether there are members besides the sender, and none of them is connected. A moderator need not be a member. */
  unheard(sender: Membership | undefined): boolean {
    if (this.#memberships.size < (sender ? 2 : 1)) return false;
    for (const other of this.#memberships.values()) {
      if (other.session !== sender?.session && other.session.connected) return false;
    }
    return true;
  }
}
