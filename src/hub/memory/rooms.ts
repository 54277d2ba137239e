import type { JsonText } from '../../json-text.ts';
import type { RemovalReason } from '../hub.ts';
import type { EntryMaker } from './entry-maker.ts';
import type { HeldEntry } from './held-entries.ts';
import { type MemoryRoom, membership } from './room.ts';
import type { Session } from './session.ts';

/** All rooms that have members. Whoever enters, leaves or is put out goes through here, and the others are told. */
export class Rooms {
  readonly #rooms = new Map<string, MemoryRoom>();
  readonly #entries: EntryMaker;

  constructor(entries: EntryMaker) {
    this.#entries = entries;
  }

  /** By its full id. */
  get(roomId: string): MemoryRoom | undefined {
    return this.#rooms.get(roomId);
  }

  get size(): number {
    return this.#rooms.size;
  }

  clear(): void {
    this.#rooms.clear();
  }

  /** Adds the session to a room that takes it, and tells the members. Returns the session's entries about them. */
  enter(session: Session, room: MemoryRoom, state: JsonText): HeldEntry[] {
    const joiner = membership(session, state);
    const others = Array.from(room.memberships.values());
    room.put(joiner);
    room.deliver(this.#entries.added(room.id, joiner, false));
    session.rooms.set(room.fullId, room);
    this.#rooms.set(room.fullId, room);
    return others.map((present) => this.#entries.added(room.id, present, true));
  }

  /** Takes the session out of the room, and tells the members. Returns what they are told. */
  remove(session: Session, room: MemoryRoom, reason: RemovalReason): HeldEntry | undefined {
    const leaver = this.#takeOut(session, room);
    if (!leaver) return undefined;
    const entry = this.#entries.removed(room.id, leaver, reason);
    room.deliver(entry);
    return entry;
  }

  /** Takes all sessions out of the room. Each is told only of itself. Returns their number. */
  close(room: MemoryRoom): number {
    const members = Array.from(room.memberships.values());
    for (const { session } of members) {
      const leaver = this.#takeOut(session, room);
      if (leaver) session.deliver([this.#entries.removed(room.id, leaver, 'CLOSED')]);
    }
    return members.length;
  }

  #takeOut(session: Session, room: MemoryRoom) {
    const leaver = room.memberships.get(session.fullId);
    if (!leaver) return undefined;
    room.remove(leaver);
    session.rooms.delete(room.fullId);
    if (room.memberships.size === 0) this.#rooms.delete(room.fullId);
    return leaver;
  }
}
