import { SignalboxError } from '../../errors.ts';
import type { JsonText } from '../../json-text.ts';
import type { Delivery, Receipt, Room } from '../hub.ts';
import type { Moderation, Moderator, Removal } from '../moderation.ts';
import { plainPass } from '../pass.ts';
import { type RoomView, wholeRoom } from '../room-view.ts';
import { fullIdOf } from '../spaces.ts';
import type { EntryMaker } from './entry-maker.ts';
import { type HeldReceipts, Receipts } from './receipts.ts';
import type { Removals } from './removals.ts';
import type { Rooms } from './rooms.ts';
import type { Sessions } from './sessions.ts';

/** The most moderators without a session whose keys are remembered. */
const maxAbsent = 1000;

interface Parts {
  readonly rooms: Rooms;
  readonly removals: Removals;
  readonly entries: EntryMaker;
  readonly sessions: Sessions;
  readonly heldReceipts: HeldReceipts;
  /** For how long the keys of a moderator without a session are remembered, in milliseconds. */
  readonly graceMs: number;
}

/** Each method is atomic because it has no `await`. */
export class MemoryModeration implements Moderation {
  readonly #parts: Parts;
  /** The receipts of moderators without a session, those that have sent last at the end. */
  readonly #absent = new Map<string, { readonly receipts: Receipts; readonly usedAt: number }>();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async room(by: Moderator, roomId: string, view: RoomView = wholeRoom): Promise<Room | null> {
    this.#check(by, roomId);
    return this.#parts.rooms.get(roomId)?.view(view) ?? null;
  }

  async send(
    by: Moderator,
    roomId: string,
    to: string | undefined,
    event: string,
    data: JsonText,
    key?: string,
  ): Promise<Receipt & Delivery> {
    this.#check(by, roomId);
    return this.#receiptsOf(by).once(key, () => {
      const room = this.#parts.rooms.get(roomId);
      const target = to === undefined ? undefined : room?.memberships.get(to);
      if (to !== undefined && !target) throw new SignalboxError('PEER_NOT_IN_ROOM');
      const sender = room?.memberships.get(fullIdOf(by.peer));
      const peer = sender?.member.peer ?? by.peer;
      const signal = this.#parts.entries.signal(room?.id ?? '', peer, event, data);
      const { cursor } = signal.entry;
      if (target) {
        target.session.deliver([signal]);
        return { cursor, status: target.session.connected ? 'DELIVERED' : 'QUEUED', receivers: 1 };
      }
      room?.deliver(signal);
      const receivers = (room?.memberships.size ?? 0) - (sender ? 1 : 0);
      return { cursor, status: room?.unheard(sender) ? 'QUEUED' : 'DELIVERED', receivers };
    });
  }

  async removePeer(by: Moderator, roomId: string, peerId: string): Promise<Removal> {
    this.#check(by, roomId);
    const { rooms, removals } = this.#parts;
    const room = rooms.get(roomId);
    const session = room?.memberships.get(peerId)?.session;
    const entry = room && session && rooms.remove(session, room, 'KICKED');
    if (!entry) return { removed: false, receivers: 0 };
    session.deliver([entry]);
    removals.note(roomId, peerId, session.pass);
    return { removed: true, receivers: room.memberships.size + 1 };
  }

  async closeRoom(by: Moderator, roomId: string): Promise<Removal> {
    this.#check(by, roomId);
    const { rooms } = this.#parts;
    const room = rooms.get(roomId);
    const receivers = room ? rooms.close(room) : 0;
    return { removed: receivers > 0, receivers };
  }

  #check({ peer, pass = plainPass }: Moderator, roomId: string): void {
    if (this.#parts.removals.forbids(roomId, fullIdOf(peer), pass)) throw new SignalboxError('FORBIDDEN');
  }

  #receiptsOf({ peer }: Moderator): Receipts {
    const { sessions, heldReceipts, graceMs } = this.#parts;
    const id = fullIdOf(peer);
    const session = sessions.get(id);
    if (session) return session.receipts;
    const now = performance.now();
    for (const [other, { receipts, usedAt }] of this.#absent) {
      if (now - usedAt <= graceMs && this.#absent.size < maxAbsent) break;
      receipts.close();
      this.#absent.delete(other);
    }
    const receipts = this.#absent.get(id)?.receipts ?? new Receipts(heldReceipts);
    this.#absent.delete(id);
    this.#absent.set(id, { receipts, usedAt: now });
    return receipts;
  }
}
