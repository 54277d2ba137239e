/** Which of this node's sessions are in which room. */
export class RoomIndex<Session> {
  readonly #nobody: ReadonlySet<Session> = new Set();
  readonly #members = new Map<string, Set<Session>>();

  members(room: string): ReadonlySet<Session> {
    return this.#members.get(room) ?? this.#nobody;
  }

  add(room: string, session: Session): void {
    const members = this.#members.get(room);
    if (members) members.add(session);
    else this.#members.set(room, new Set([session]));
  }

  remove(room: string, session: Session): void {
    const members = this.#members.get(room);
    members?.delete(session);
    if (members?.size === 0) this.#members.delete(room);
  }
}
