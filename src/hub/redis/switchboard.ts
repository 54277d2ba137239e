import type { Connected } from '../hub.ts';
import type { CutReason } from '../stream.ts';
import type { Dispatch, Snapshot } from './dispatch.ts';
import { LocalSession } from './local-session.ts';
import { RoomIndex } from './room-index.ts';

/** The sessions whose streams this node holds, and the way of each dispatch to those it is for. */
export class Switchboard {
  readonly #nodeId: string;
  readonly #onClose: (session: LocalSession) => void;
  readonly #sessions = new Map<string, LocalSession>();
  readonly #index = new RoomIndex<LocalSession>();
  /** Those that wait for a snapshot, so that their rooms are not known. */
  readonly #waiting = new Set<LocalSession>();
  #opened = 0;
  #expected = 1;
  #holes = 0;

  constructor(nodeId: string, onClose: (session: LocalSession) => void) {
    this.#nodeId = nodeId;
    this.#onClose = onClose;
  }

  get sessions(): readonly LocalSession[] {
    return [...this.#sessions.values()];
  }

  /** Whether this node holds the stream, be it only just being opened. */
  has(name: string): boolean {
    return this.#sessions.has(name);
  }

  get size(): number {
    return this.#sessions.size;
  }

  /** How many times dispatches were missed so far. */
  get holes(): number {
    return this.#holes;
  }

  /** Those that wait for a snapshot which has not been asked for. */
  get waiting(): readonly LocalSession[] {
    return Array.from(this.#waiting).filter((session) => !session.opening);
  }

  /** A session that is being opened: dispatches wait in it from now on. */
  admit(peerId: string): LocalSession {
    this.#opened += 1;
    const session = new LocalSession(`${this.#nodeId}.${this.#opened}`, peerId, this.#index, (closed) => {
      this.#sessions.delete(closed.name);
      this.#waiting.delete(closed);
      this.#onClose(closed);
    });
    this.#sessions.set(session.name, session);
    this.#waiting.add(session);
    return session;
  }

  /**
   * Gives a session a snapshot, asked for when there were so many holes. True where it needs another,
   * since there has been one more meanwhile.
   */
  settle(session: LocalSession, snapshot: Snapshot, holes: number, connected?: Connected): boolean {
    const holed = holes !== this.#holes;
    session.settle(snapshot, holed, connected);
    if (!session.waiting) this.#waiting.delete(session);
    return session.waiting;
  }

  /** From here on all sessions wait for a snapshot. */
  holdAll(): void {
    this.#holes += 1;
    for (const session of this.#sessions.values()) {
      session.hold();
      this.#waiting.add(session);
    }
  }

  cutAll(reason: CutReason): void {
    for (const session of this.#sessions.values()) session.cut(reason);
  }

  /** Takes what came on the node's channel. True where something before it was missed. */
  receive(dispatch: Dispatch): boolean {
    const missed = dispatch.n !== this.#expected;
    this.#expected = dispatch.n + 1;
    if (missed) this.holdAll();
    this.#route(dispatch);
    return missed;
  }

  #route(dispatch: Dispatch): void {
    switch (dispatch.kind) {
      case 'peer':
      case 'joined':
      case 'left':
        this.#sessions.get(dispatch.stream)?.take(dispatch);
        break;
      case 'room':
        for (const session of this.#index.members(dispatch.room)) {
          if (!session.waiting) session.take(dispatch);
        }
        for (const session of this.#waiting) session.take(dispatch);
        break;
      case 'replaced':
        this.#sessions.get(dispatch.stream)?.replace();
        break;
      case 'disowned':
        for (const session of this.#sessions.values()) session.take(dispatch);
        break;
    }
  }
}
