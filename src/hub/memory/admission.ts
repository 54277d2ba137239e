import type { JsonText } from '../../json-text.ts';
import { cannotEnter, type EntryFault } from '../entry-fault.ts';
import type { HubOptions, Join, Peer } from '../hub.ts';
import { admits, type Pass } from '../pass.ts';
import { fullIdOf } from '../spaces.ts';
import type { HeldStates } from './held-states.ts';
import type { Removals } from './removals.ts';
import { MemoryRoom } from './room.ts';
import type { Rooms } from './rooms.ts';
import type { Session } from './session.ts';

/** The reason why the peer cannot enter a room, or else by how much the room's members grow with it, in bytes. */
type Admitted =
  | { readonly fault: EntryFault }
  | { readonly fault?: undefined; readonly bytes: number; readonly heldGrowth: number };

/** Whoever opens a stream. */
export interface Comer {
  readonly peer: Peer;
  readonly pass: Pass;
  /** What the states of a new session count for. */
  readonly origin: string;
}

/** Who may enter which room, and with which state. */
export class Admission {
  readonly #options: HubOptions;
  readonly #rooms: Rooms;
  readonly #removals: Removals;
  readonly #states: HeldStates;

  constructor(options: HubOptions, rooms: Rooms, removals: Removals, states: HeldStates) {
    this.#options = options;
    this.#rooms = rooms;
    this.#removals = removals;
    this.#states = states;
  }

  /** The room. A new one is not among the rooms yet. */
  room(roomId: string): MemoryRoom {
    return this.#rooms.get(roomId) ?? new MemoryRoom(roomId, this.#states);
  }

  /** Why a session that is not in the room may not enter it. Undefined: it may. */
  fault(
    room: MemoryRoom,
    { peer, origin, rooms }: Session,
    state: JsonText,
    pass: Pass,
  ): EntryFault | undefined {
    return this.#enter(room, { peer, origin, pass }, state, rooms.size, 0).fault;
  }

  /** Why a member may not change its state to this one. Undefined: it may. */
  faultOfState(room: MemoryRoom, { peer, origin }: Session, state: JsonText): EntryFault | undefined {
    if (room.bytesWith(peer, state, this.#options) === undefined) return 'PAYLOAD_TOO_LARGE';
    return this.#states.admits(origin, room.heldGrowth(peer, state)) ? undefined : 'UNAVAILABLE';
  }

  /**
   * The rooms that the peer enters as it opens its stream: those that its session is not in (G15). Without a session, a
   * new one begins. Throws if it may not enter all of them.
   */
  roomsToEnter(joins: readonly Join[], comer: Comer, session: Session | undefined): readonly Join[] {
    const entering = joins.filter(({ roomId }) => !session?.rooms.has(roomId));
    const present = Array.from(session?.rooms.values() ?? []).filter(({ fullId }) =>
      admits(comer.pass, fullId),
    );
    let bytes = present.reduce((sum, room) => sum + room.bytes, 0);
    let held = 0;
    for (const [i, { roomId, state }] of entering.entries()) {
      const count = present.length + i;
      const origin = session?.origin ?? comer.origin;
      const admitted = this.#enter(this.room(roomId), { ...comer, origin }, state, count, held);
      if (admitted.fault) throw cannotEnter(admitted.fault, roomId);
      bytes += admitted.bytes;
      held += admitted.heldGrowth;
    }
    if (entering.length > 0 && bytes > 2 * this.#options.maxRoomBytes)
      throw cannotEnter('PAYLOAD_TOO_LARGE', '');
    return entering;
  }

  /**
   * `roomCount` is the number of rooms that the session is in. `held`: how many bytes the session is about to hold in
   * other rooms. If the peer is in the room by a session that ends now, its place there is free.
   */
  #enter(
    room: MemoryRoom,
    { peer, pass, origin }: Comer,
    state: JsonText,
    roomCount: number,
    held: number,
  ): Admitted {
    const fullId = fullIdOf(peer);
    if (this.#removals.forbids(room.fullId, fullId, pass)) return { fault: 'FORBIDDEN' };
    const others = room.memberships.size - (room.memberships.has(fullId) ? 1 : 0);
    if (others >= this.#options.maxPeersPerRoom) return { fault: 'ROOM_FULL' };
    if (roomCount >= this.#options.maxRoomsPerPeer) return { fault: 'TOO_MANY_ROOMS' };
    const bytes = room.bytesWith(peer, state, this.#options);
    if (bytes === undefined) return { fault: 'PAYLOAD_TOO_LARGE' };
    const heldGrowth = room.heldGrowth(peer, state);
    return this.#states.admits(origin, held + heldGrowth) ? { bytes, heldGrowth } : { fault: 'UNAVAILABLE' };
  }
}
