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
  Room,
  SizedEntry,
} from '../hub.ts';
import type { Moderation } from '../moderation.ts';
import { admits, type Pass, plainPass } from '../pass.ts';
import { type RoomView, wholeRoom } from '../room-view.ts';
import { fullIdOf } from '../spaces.ts';
import type { Stream } from '../stream.ts';
import { StreamAges } from '../stream-ages.ts';
import { Admission, type Comer } from './admission.ts';
import { Clock } from './clock.ts';
import { EntryMaker } from './entry-maker.ts';
import { HeldEntries } from './held-entries.ts';
import { HeldStates } from './held-states.ts';
import { MemoryModeration } from './moderation.ts';
import { HeldReceipts } from './receipts.ts';
import { Removals } from './removals.ts';
import { membership } from './room.ts';
import { Rooms } from './rooms.ts';
import { Session } from './session.ts';
import { Sessions } from './sessions.ts';

/** The hub of a deployment with one node. Each method is atomic because it has no `await`. */
export class MemoryHub implements Hub {
  readonly moderation: Moderation;
  readonly #options: HubOptions;
  readonly #cuts: CutLog;
  readonly #ages: StreamAges;
  readonly #clock = new Clock();
  readonly #entries = new EntryMaker(this.#clock);
  readonly #rooms = new Rooms(this.#entries);
  readonly #sessions = new Sessions(this.#rooms);
  readonly #held: HeldEntries;
  readonly #receipts = new HeldReceipts(heapShare('receipts'));
  readonly #backlogs: Backlogs;
  readonly #admission: Admission;
  #sweeper: NodeJS.Timeout | undefined;
  #streams = 0;
  #draining = false;

  /** The bounds of all inboxes together, of all states, and of all backlogs. */
  constructor(
    options: HubOptions,
    maxInboxBytes: number = heapShare('inboxes'),
    maxStateBytes: number = heapShare('states'),
    maxBacklogBytes: number = heapShare('backlogs'),
  ) {
    this.#options = options;
    this.#held = new HeldEntries(maxInboxBytes, options.log);
    const removals = new Removals(options.removalMs);
    this.#admission = new Admission(options, this.#rooms, removals, new HeldStates(maxStateBytes));
    this.moderation = new MemoryModeration({
      rooms: this.#rooms,
      removals,
      entries: this.#entries,
      sessions: this.#sessions,
      heldReceipts: this.#receipts,
      graceMs: options.graceMs,
    });
    this.#backlogs = new Backlogs(maxBacklogBytes, options.log);
    this.#cuts = new CutLog(options.log, options.monitor);
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
    pass: Pass = plainPass,
  ): Promise<Stream> {
    if (this.#draining) throw new SignalboxError('UNAVAILABLE', draining);
    const cursor = after === undefined ? undefined : Number(after);
    const comer = { peer, pass, origin };
    const living = this.#sessions.get(fullIdOf(peer));
    const missed = living && cursor !== undefined ? living.missed(cursor, this.#clock.last) : undefined;
    const entering = this.#admission.roomsToEnter(joins, comer, missed && living);
    // A session keeps its place, so a resume is never refused for lack of a place.
    if (living && missed) {
      Object.assign(living, { peer, pass });
      const lost = Array.from(living.rooms.values()).filter(({ fullId }) => !admits(pass, fullId));
      const removals = lost.flatMap((room) => this.#rooms.remove(living, room, 'KICKED') ?? []);
      living.inbox.append(removals);
      const batch = [...missed, ...removals];
      return this.#attach(living, { cursor: String(cursor), resumed: true }, batch, entering, view);
    }
    const freed = living?.connected ? 1 : 0;
    if (this.#streams - freed >= this.#options.maxStreams) {
      throw new SignalboxError('UNAVAILABLE', tooManyStreams);
    }
    if (living) this.#sessions.end(living, 'REPLACED');
    this.#sessions.freePlaces(this.#options.maxStreams);
    return this.#begin(comer, cursor, entering, view);
  }

  async joinRoom(
    peerId: string,
    roomId: string,
    state: JsonText,
    view: RoomView = wholeRoom,
    pass: Pass = plainPass,
  ): Promise<JoinedRoom> {
    const session = this.#sessions.known(peerId);
    const joined = session.rooms.get(roomId);
    if (joined) return { ...joined.view(view), receivers: 0, bytes: 0 };
    const room = this.#admission.room(roomId);
    const fault = this.#admission.fault(room, session, state, pass);
    if (fault) throw entryError(fault);
    const offers = this.#rooms.enter(session, room, state);
    session.deliver(offers);
    return { ...room.view(view), receivers: offers.length, bytes: room.bytes };
  }

  async leaveRoom(peerId: string, roomId: string): Promise<boolean> {
    const session = this.#sessions.known(peerId);
    const room = session.rooms.get(roomId);
    if (!room) return false;
    this.#rooms.remove(session, room, 'LEFT');
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
    return this.#sessions.known(peerId).receipts.once(key, () => {
      const { room, sender } = this.#sessions.membership(peerId, roomId);
      const target = room.memberships.get(to);
      if (!target) throw new SignalboxError('PEER_NOT_IN_ROOM');
      const signal = this.#entries.signal(room.id, sender.member.peer, event, data);
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
    return this.#sessions.known(peerId).receipts.once(key, () => {
      const { room, sender } = this.#sessions.membership(peerId, roomId);
      const signal = this.#entries.signal(room.id, sender.member.peer, event, data);
      room.deliver(signal);
      const status = room.unheard(sender) ? 'QUEUED' : 'DELIVERED';
      return { cursor: signal.entry.cursor, status, receivers: room.memberships.size - 1 };
    });
  }

  async setState(peerId: string, roomId: string, state: JsonText): Promise<Member & Delivery> {
    const { room, sender } = this.#sessions.membership(peerId, roomId);
    const fault = this.#admission.faultOfState(room, sender.session, state);
    if (fault) throw entryError(fault);
    const changed = membership(sender.session, state);
    room.put(changed);
    room.deliver(this.#entries.changed(room.id, changed));
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

  census() {
    const counts = { streams: this.#streams, rooms: this.#rooms.size, sessions: this.#sessions.size };
    return { ...counts, backlogBytes: this.#backlogs.bytes };
  }

  async drain(overMs: number): Promise<void> {
    this.#draining = true;
    await spread(this.#sessions.connected, overMs, (session) => session.cut('shutdown'));
    this.#cuts.summarize();
  }

  async close(): Promise<void> {
    this.#draining = true;
    clearInterval(this.#sweeper);
    this.#ages.stop();
    this.#sessions.close();
    this.#cuts.summarize();
    this.#rooms.clear();
  }

  #begin(comer: Comer, openedWith: number | undefined, entering: readonly Join[], view: RoomView): Stream {
    const cursor = this.#clock.next();
    const session = new Session({
      ...comer,
      start: Number(cursor),
      openedWith,
      graceMs: this.#options.graceMs,
      onGraceOver: (ended) => this.#sessions.end(ended, 'DISCONNECTED'),
      held: this.#held,
      heldReceipts: this.#receipts,
      backlogs: this.#backlogs,
      onStreamClosed: (closed, reason) => {
        this.#streams -= 1;
        this.#cuts.add(comer.peer.id, reason);
        this.#sessions.streamClosed(closed);
      },
    });
    this.#sessions.add(session);
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
      const offers = this.#rooms.enter(session, this.#admission.room(roomId), state);
      session.inbox.append(offers);
      batch.push(...offers);
    }
    this.#streams += 1;
    this.#sessions.streamOpens(session);
    const rooms = session.viewRooms(view);
    const connected: Connected = { type: 'Connected', cursor, peer: session.peer, resumed, rooms };
    return this.#ages.add(session.attach(connected, batch));
  }

  /** Drops entries that are too old for a resume. Otherwise a quiet session would keep its last burst. */
  #sweep(): void {
    this.#sessions.dropBefore((Date.now() - retentionMs(this.#options.graceMs)) * 1000);
  }
}
