import type { JsonText } from '../json-text.ts';
import type { Delivery, Peer, Receipt, Room } from './hub.ts';
import type { Pass } from './pass.ts';
import type { RoomView } from './room-view.ts';

/** A peer that may moderate a room. It need not be a member of the room, and needs no session. */
export interface Moderator {
  readonly peer: Peer;
  readonly pass?: Pass;
}

/** The outcome of putting peers out of a room. */
export interface Removal extends Delivery {
  /** Whether there was anybody to put out. */
  readonly removed: boolean;
}

/**
 * What moderators do in rooms (G16). The caller has checked that the peer may moderate the room. Each method is atomic, and
 * throws `FORBIDDEN` if the moderator itself was put out of the room, and may not come back yet.
 */
export interface Moderation {
  /** The room, or null if nobody is in it. */
  room(by: Moderator, roomId: string, view?: RoomView): Promise<Room | null>;

  /**
   * Sends a `Signal` to one member, or to all members but the moderator itself. Throws `PEER_NOT_IN_ROOM`.
   *
   * A `key` works as in `Hub.relay`. If the moderator has no session, its keys are remembered for the grace period.
   */
  send(
    by: Moderator,
    roomId: string,
    to: string | undefined,
    event: string,
    data: JsonText,
    key?: string,
  ): Promise<Receipt & Delivery>;

  /**
   * Puts a peer out of a room. All members, and the peer itself, get `PeerRemoved(KICKED)`. For ten minutes the peer cannot
   * enter the room again, unless it comes with a token that was made later.
   */
  removePeer(by: Moderator, roomId: string, peerId: string): Promise<Removal>;

  /** Puts all members out of a room. Each gets one `PeerRemoved(CLOSED)`, about itself. They may enter again. */
  closeRoom(by: Moderator, roomId: string): Promise<Removal>;
}
