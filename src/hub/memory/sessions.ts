import { SignalboxError } from '../../errors.ts';
import type { RemovalReason } from '../hub.ts';
import { AbsentSessions } from './absent-sessions.ts';
import type { Membership, MemoryRoom } from './room.ts';
import type { Rooms } from './rooms.ts';
import type { Session } from './session.ts';

/** All sessions, by the full ids of their peers. Those without a stream live for the grace period. */
export class Sessions {
  readonly #rooms: Rooms;
  readonly #sessions = new Map<string, Session>();
  readonly #absent = new AbsentSessions();
  #closed = false;

  constructor(rooms: Rooms) {
    this.#rooms = rooms;
  }

  get(peerId: string): Session | undefined {
    return this.#sessions.get(peerId);
  }

  /** Throws `NOT_CONNECTED` if the peer has no session, and `UNAVAILABLE` once the hub is closed. */
  known(peerId: string): Session {
    if (this.#closed) throw new SignalboxError('UNAVAILABLE');
    const session = this.#sessions.get(peerId);
    if (!session) throw new SignalboxError('NOT_CONNECTED');
    return session;
  }

  /** A room that the peer is in. Throws `NOT_IN_ROOM`, and what `known` throws. */
  membership(peerId: string, roomId: string): { room: MemoryRoom; sender: Membership } {
    const room = this.known(peerId).rooms.get(roomId);
    const sender = room?.memberships.get(peerId);
    if (!room || !sender) throw new SignalboxError('NOT_IN_ROOM');
    return { room, sender };
  }

  get size(): number {
    return this.#sessions.size;
  }

  get connected(): readonly Session[] {
    return Array.from(this.#sessions.values()).filter((session) => session.connected);
  }

  add(session: Session): void {
    this.#sessions.set(session.fullId, session);
  }

  streamOpens(session: Session): void {
    this.#absent.delete(session);
  }

  streamClosed(session: Session): void {
    if (!session.connected && this.#sessions.get(session.fullId) === session) this.#absent.add(session);
  }

  /** Ends sessions without a stream, so that a new one has a place. */
  freePlaces(maxStreams: number): void {
    for (const session of this.#absent.beyond(this.#sessions.size, maxStreams)) {
      this.end(session, 'DISCONNECTED');
    }
  }

  /** The session leaves its rooms, and its stream ends. */
  end(session: Session, reason: RemovalReason): void {
    this.#sessions.delete(session.fullId);
    this.#absent.delete(session);
    for (const room of session.rooms.values()) this.#rooms.remove(session, room, reason);
    session.end();
  }

  /** Drops the entries of inboxes before this id. */
  dropBefore(oldest: number): void {
    for (const session of this.#sessions.values()) session.inbox.dropBefore(oldest);
  }

  /** Cuts all streams, and forgets all sessions. */
  close(): void {
    this.#closed = true;
    for (const session of this.#sessions.values()) session.cut('shutdown');
    this.#sessions.clear();
    this.#absent.clear();
  }
}
