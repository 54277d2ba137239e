import type { Arrival } from './history.ts';

/** The other members of each room and their states (as JSON), as one member knows them from its messages alone. */
export class View {
  /** Room -> peer -> state. */
  readonly rooms = new Map<string, Map<string, string>>();

  /** Applies the next message. If it contradicts those before, returns how, as the end of a sentence. */
  take({ message }: Arrival): string | undefined {
    if (message.__typename === 'Signal') return undefined;
    const { roomId, peer, state } = message;
    const room = this.rooms.get(roomId) ?? new Map<string, string>();
    this.rooms.set(roomId, room);
    const known = room.has(peer.id);
    if (message.__typename === 'PeerRemoved') room.delete(peer.id);
    else room.set(peer.id, JSON.stringify(state));
    if (message.__typename === 'PeerAdded') return known ? 'which had already been added' : undefined;
    return known ? undefined : 'which had not been added';
  }

  /** Forgets a room that the member has left. */
  leave(roomId: string): void {
    this.rooms.delete(roomId);
  }
}
