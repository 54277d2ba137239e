import type { Session } from './session.ts';

/** The most sessions, in streams: each open stream has one, and as many again may be between connections. */
const sessionsPerStream = 2;

/** The sessions without a stream, in the order in which they lost it. */
export class AbsentSessions {
  readonly #sessions = new Set<Session>();

  add(session: Session): void {
    this.#sessions.add(session);
  }

  delete(session: Session): void {
    this.#sessions.delete(session);
  }

  clear(): void {
    this.#sessions.clear();
  }

  /** The sessions that have to end before one more begins, if there are `total` now: those absent for longest. */
  beyond(total: number, maxStreams: number): readonly Session[] {
    const excess = total + 1 - sessionsPerStream * maxStreams;
    return excess > 0 ? Array.from(this.#sessions).slice(0, excess) : [];
  }
}
