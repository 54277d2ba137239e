import type { JsonText } from '../../json-text.ts';
import { cannotEnter, type EntryFault } from '../entry-fault.ts';
import type { HubOptions, Join, Peer } from '../hub.ts';
import { MemoryRoom } from './room.ts';
import type { Session } from './session.ts';

/** The reason why the peer cannot enter the room, or else the size of the room's members with it, in bytes. */
type Admission = { readonly fault: EntryFault } | { readonly fault?: undefined; readonly bytes: number };

/**
 * Whether a peer may enter a room that its session is not in. `roomCount` is the number of rooms that the session is
 * in. If the peer is in the room by a session that ends now, its place there is free.
 */
export function admission(
  room: MemoryRoom,
  peer: Peer,
  state: JsonText,
  roomCount: number,
  options: HubOptions,
): Admission {
  const others = room.memberships.size - (room.memberships.has(peer.id) ? 1 : 0);
  if (others >= options.maxPeersPerRoom) return { fault: 'ROOM_FULL' };
  if (roomCount >= options.maxRoomsPerPeer) return { fault: 'TOO_MANY_ROOMS' };
  const bytes = room.bytesWith(peer, state, options);
  return bytes === undefined ? { fault: 'PAYLOAD_TOO_LARGE' } : { bytes };
}

/**
 * The rooms that the peer enters as it opens its stream: those that its session is not in (G15). Without a session, a
 * new one begins. Throws if it may not enter all of them.
 */
export function roomsToEnter(
  joins: readonly Join[],
  peer: Peer,
  session: Session | undefined,
  rooms: ReadonlyMap<string, MemoryRoom>,
  options: HubOptions,
): readonly Join[] {
  const entering = joins.filter(({ roomId }) => !session?.rooms.has(roomId));
  const present = Array.from(session?.rooms.values() ?? []);
  let bytes = present.reduce((sum, room) => sum + room.bytes, 0);
  for (const [i, { roomId, state }] of entering.entries()) {
    const room = rooms.get(roomId) ?? new MemoryRoom(roomId);
    const admitted = admission(room, peer, state, present.length + i, options);
    if (admitted.fault) throw cannotEnter(admitted.fault, roomId);
    bytes += admitted.bytes;
  }
  if (entering.length > 0 && bytes > 2 * options.maxRoomBytes) throw cannotEnter('PAYLOAD_TOO_LARGE', '');
  return entering;
}
