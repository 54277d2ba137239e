import type { LocalSession } from './local-session.ts';

const nobody: ReadonlySet<LocalSession> = new Set();

/** Which of this node's sessions are in which room. */
export class RoomIndex {
  readonly #members = new Map<string, Set<LocalSession>>();

  members(room: string): ReadonlySet<LocalSession> {
    return this.#members.get(room) ?? nobody;
  }

  add(room: string, session: LocalSession): void {
    const members = this.#members.get(room);
    if (members) members.add(session);
    else this.#members.set(room, new Set([session]));
  }

  remove(room: string, session: LocalSession): void {
    const members = this.#members.get(room);
    members?.delete(session);
    if (members?.size === 0) this.#members.delete(room);
  }
}
