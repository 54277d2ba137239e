import type { Arrival } from './history.ts';

/** What one member knows of a room from what came: who is there beside it, and their states as JSON. */
export class View {
  readonly rooms = new Map<string, Map<string, string>>();

  /** Takes what came next. Returns what is odd about it, where something is. */
  take({ message }: Arrival): string | undefined {
    if (message.__typename === 'Signal') return undefined;
    const { roomId, peer } = message;
    const room = this.rooms.get(roomId) ?? new Map<string, string>();
    this.rooms.set(roomId, room);
    const known = room.has(peer.id);
    if (message.__typename === 'PeerRemoved') room.delete(peer.id);
    else room.set(peer.id, JSON.stringify(peer.state));
    if (message.__typename === 'PeerAdded') return known ? 'was added, and was there already' : undefined;
    return known ? undefined : `${message.__typename} came, and it was not there`;
  }

  /** The room is left: nothing of it is known any more. */
  leave(roomId: string): void {
    this.rooms.delete(roomId);
  }
}
