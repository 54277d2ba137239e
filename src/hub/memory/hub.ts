import { SignalboxError } from '../../errors.ts';
import type { JsonText } from '../../json-text.ts';
import { Backlogs } from '../backlogs.ts';
import { retentionMs } from '../bounds.ts';
import { CutLog } from '../cut-log.ts';
import { draining, spread, tooManyStreams } from '../drain.ts';
import { entryError } from '../entry-fault.ts';
import { heapShare } from '../heap-share.ts';
import type {
  Connected,
  Cursor,
  Delivery,
  Hub,
  HubOptions,
  Join,
  JoinedRoom,
  Member,
  Peer,
  Receipt,
  RemovalReason,
  Room,
  SizedEntry,
} from '../hub.ts';
import { type RoomView, wholeRoom } from '../room-view.ts';
import type { Stream } from '../stream.ts';
import { StreamAges } from '../stream-ages.ts';
import { AbsentSessions } from './absent-sessions.ts';
import { Admission } from './admission.ts';
import { Clock } from './clock.ts';
import { EntryMaker } from './entry-maker.ts';
import { HeldEntries, type HeldEntry } from './held-entries.ts';
import { HeldStates } from './held-states.ts';
import { HeldReceipts } from './receipts.ts';
import { type Membership, type MemoryRoom, membership } from './room.ts';
import { Session } from './session.ts';

/** The hub of a deployment with one node. Each method is atomic because it has no `await`. */
export class MemoryHub implements Hub {
  readonly #options: HubOptions;
  readonly #cuts: CutLog;
  readonly #ages: StreamAges;
  readonly #clock = new Clock();
  readonly #entries = new EntryMaker(this.#clock);
  readonly #sessions = new Map<string, Session>();
  readonly #rooms = new Map<string, MemoryRoom>();
  readonly #held: HeldEntries;
  readonly #receipts = new HeldReceipts(heapShare('receipts'));
  readonly #backlogs: Backlogs;
  readonly #admission: Admission;
  readonly #absent = new AbsentSessions();
  #sweeper: NodeJS.Timeout | undefined;
  #streams = 0;
  #draining = false;
  #closed = false;

  /** The bounds of all inboxes together, of all states, and of all backlogs. */
  constructor(
    options: HubOptions,
    maxInboxBytes: number = heapShare('inboxes'),
    maxStateBytes: number = heapShare('states'),
    maxBacklogBytes: number = heapShare('backlogs'),
  ) {
    this.#options = options;
    this.#held = new HeldEntries(maxInboxBytes, options.log);
    this.#admission = new Admission(options, this.#rooms, new HeldStates(maxStateBytes));
    this.#backlogs = new Backlogs(maxBacklogBytes, options.log);
    this.#cuts = new CutLog(options.log);
    this.#ages = new StreamAges(options.maxStreamMs);
  }

  async start(): Promise<void> {
    this.#sweeper ??= setInterval(() => this.#sweep(), retentionMs(this.#options.graceMs)).unref();
    this.#ages.start();
  }

  async open(
    peer: Peer,
    after?: Cursor,
    joins: readonly Join[] = [],
    view: RoomView = wholeRoom,
    origin = '',
  ): Promise<Stream> {
    if (this.#draining) throw new SignalboxError('UNAVAILABLE', draining);
    const cursor = after === undefined ? undefined : Number(after);
    const living = this.#sessions.get(peer.id);
    const missed = living && cursor !== undefined ? living.missed(cursor, this.#clock.last) : undefined;
    const entering = this.#admission.roomsToEnter(joins, peer, missed && living, origin);
    // A session keeps its place, so a resume is never refused for lack of a place.
    if (living && missed) {
      living.peer = peer;
      return this.#attach(living, { cursor: String(cursor), resumed: true }, missed, entering, view);
    }
    const freed = living?.connected ? 1 : 0;
    if (this.#streams - freed >= this.#options.maxStreams) {
      throw new SignalboxError('UNAVAILABLE', tooManyStreams);
    }
    if (living) this.#end(living, 'REPLACED');
    for (const session of this.#absent.beyond(this.#sessions.size, this.#options.maxStreams)) {
      this.#end(session, 'DISCONNECTED');
    }
    return this.#begin(peer, cursor, entering, view, origin);
  }

  async joinRoom(
    peerId: string,
    roomId: string,
    state: JsonText,
    view: RoomView = wholeRoom,
  ): Promise<JoinedRoom> {
    const session = this.#session(peerId);
    const joined = session.rooms.get(roomId);
    if (joined) return { ...joined.view(view), receivers: 0, bytes: 0 };
    const room = this.#admission.room(roomId);
    const fault = this.#admission.fault(room, session, state);
    if (fault) throw entryError(fault);
    const offers = this.#enter(session, room, state);
    session.deliver(offers);
    return { ...room.view(view), receivers: offers.length, bytes: room.bytes };
  }

  async leaveRoom(peerId: string, roomId: string): Promise<boolean> {
    const session = this.#session(peerId);
    const room = session.rooms.get(roomId);
    if (!room) return false;
    this.#remove(session, room, 'LEFT');
    return true;
  }

  async relay(
    peerId: string,
    roomId: string,
    to: string,
    event: string,
    data: JsonText,
    key?: string,
  ): Promise<Receipt & Delivery> {
    return this.#session(peerId).receipts.once(key, () => {
      const { room, sender } = this.#membership(peerId, roomId);
      const target = room.memberships.get(to);
      if (!target) throw new SignalboxError('PEER_NOT_IN_ROOM');
      const signal = this.#entries.signal(roomId, sender, event, data);
      target.session.deliver([signal]);
      const status = target.session.connected ? 'DELIVERED' : 'QUEUED';
      return { cursor: signal.entry.cursor, status, receivers: 1 };
    });
  }

  async broadcast(
    peerId: string,
    roomId: string,
    event: string,
    data: JsonText,
    key?: string,
  ): Promise<Receipt & Delivery> {
    return this.#session(peerId).receipts.once(key, () => {
      const { room, sender } = this.#membership(peerId, roomId);
      const signal = this.#entries.signal(roomId, sender, event, data);
      room.deliver(signal);
      const status = room.unheard(sender) ? 'QUEUED' : 'DELIVERED';
      return { cursor: signal.entry.cursor, status, receivers: room.memberships.size - 1 };
    });
  }

  async setState(peerId: string, roomId: string, state: JsonText): Promise<Member & Delivery> {
    const { room, sender } = this.#membership(peerId, roomId);
    const fault = this.#admission.faultOfState(room, sender.session, state);
    if (fault) throw entryError(fault);
    const changed = membership(sender.session, state);
    room.put(changed);
    room.deliver(this.#entries.changed(roomId, changed));
    return { ...changed.member, receivers: room.memberships.size - 1 };
  }

  async room(peerId: string, roomId: string, view: RoomView = wholeRoom): Promise<Room | null> {
    return this.#sessions.get(peerId)?.rooms.get(roomId)?.view(view) ?? null;
  }

  async rooms(peerId: string, view: RoomView = wholeRoom): Promise<readonly Room[]> {
    return this.#sessions.get(peerId)?.viewRooms(view) ?? [];
  }

  ready(): boolean {
    return this.#sweeper !== undefined && !this.#draining;
  }

  async drain(overMs: number): Promise<void> {
    this.#draining = true;
    const connected = Array.from(this.#sessions.values()).filter((session) => session.connected);
    await spread(connected, overMs, (session) => session.cut('shutdown'));
    this.#cuts.summarize();
  }

  async close(): Promise<void> {
    this.#draining = true;
    this.#closed = true;
    clearInterval(this.#sweeper);
    this.#ages.stop();
    for (const session of this.#sessions.values()) session.cut('shutdown');
    this.#cuts.summarize();
    this.#sessions.clear();
    this.#absent.clear();
    this.#rooms.clear();
  }

  #begin(
    peer: Peer,
    openedWith: number | undefined,
    entering: readonly Join[],
    view: RoomView,
    origin: string,
  ): Stream {
    const cursor = this.#clock.next();
    const session = new Session({
      peer,
      origin,
      start: Number(cursor),
      openedWith,
      graceMs: this.#options.graceMs,
      onGraceOver: (ended) => this.#end(ended, 'DISCONNECTED'),
      held: this.#held,
      heldReceipts: this.#receipts,
      backlogs: this.#backlogs,
      onStreamClosed: (closed, reason) => {
        this.#streams -= 1;
        this.#cuts.add(peer.id, reason);
        if (!closed.connected && this.#sessions.get(peer.id) === closed) this.#absent.add(closed);
      },
    });
    this.#sessions.set(peer.id, session);
    return this.#attach(session, { cursor, resumed: false }, [], entering, view);
  }

  /** The session enters the rooms, and gets a stream. The entries about their members follow the missed entries. */
  #attach(
    session: Session,
    { cursor, resumed }: Pick<Connected, 'cursor' | 'resumed'>,
    missed: readonly SizedEntry[],
    entering: readonly Join[],
    view: RoomView,
  ): Stream {
    const batch = [...missed];
    for (const { roomId, state } of entering) {
      const offers = this.#enter(session, this.#admission.room(roomId), state);
      session.inbox.append(offers);
      batch.push(...offers);
    }
    this.#streams += 1;
    this.#absent.delete(session);
    const { peer } = session;
    const rooms = session.viewRooms(view);
    return this.#ages.add(session.attach({ type: 'Connected', cursor, peer, resumed, rooms }, batch));
  }

  /** Adds the session to a room that takes it, and tells the members. Returns the session's entries about them. */
  #enter(session: Session, room: MemoryRoom, state: JsonText): HeldEntry[] {
    const joiner = membership(session, state);
    const others = Array.from(room.memberships.values());
    room.put(joiner);
    room.deliver(this.#entries.added(room.id, joiner, false));
    session.rooms.set(room.id, room);
    this.#rooms.set(room.id, room);
    return others.map((present) => this.#entries.added(room.id, present, true));
  }

  #end(session: Session, reason: RemovalReason): void {
    this.#sessions.delete(session.peer.id);
    this.#absent.delete(session);
    for (const room of session.rooms.values()) this.#remove(session, room, reason);
    session.end();
  }

  #remove(session: Session, room: MemoryRoom, reason: RemovalReason): void {
    const leaver = room.memberships.get(session.peer.id);
    if (!leaver) return;
    room.remove(leaver);
    session.rooms.delete(room.id);
    if (room.memberships.size === 0) this.#rooms.delete(room.id);
    room.deliver(this.#entries.removed(room.id, leaver, reason));
  }

  #session(peerId: string): Session {
    if (this.#closed) throw new SignalboxError('UNAVAILABLE');
    const session = this.#sessions.get(peerId);
    if (!session) throw new SignalboxError('NOT_CONNECTED');
    return session;
  }

  #membership(peerId: string, roomId: string): { room: MemoryRoom; sender: Membership } {
    const room = this.#session(peerId).rooms.get(roomId);
    const sender = room?.memberships.get(peerId);
    if (!room || !sender) throw new SignalboxError('NOT_IN_ROOM');
    return { room, sender };
  }

  /** Drops entries that are too old for a resume. Otherwise a quiet session would keep its last burst. */
  #sweep(): void {
    const oldest = (Date.now() - retentionMs(this.#options.graceMs)) * 1000;
    for (const session of this.#sessions.values()) session.inbox.dropBefore(oldest);
  }
}
