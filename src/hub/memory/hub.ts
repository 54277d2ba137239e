import { SignalboxError } from '../../errors.ts';
import type { JsonText } from '../../json-text.ts';
import { retentionMs } from '../bounds.ts';
import { CutLog } from '../cut-log.ts';
import { draining, spread, tooManyStreams } from '../drain.ts';
import type {
  Connected,
  Cursor,
  Entry,
  Hub,
  HubOptions,
  Join,
  Member,
  Peer,
  Receipt,
  RemovalReason,
  Room,
  SizedEntry,
} from '../hub.ts';
import { sizedEntry } from '../sized-entry.ts';
import type { Stream } from '../stream.ts';
import { admission, roomsToEnter } from './admission.ts';
import { Clock } from './clock.ts';
import { type Membership, MemoryRoom, membership } from './room.ts';
import { Session } from './session.ts';

/** The hub of a deployment with one node. Each method is atomic because it has no `await`. */
export class MemoryHub implements Hub {
  readonly #options: HubOptions;
  readonly #retentionMs: number;
  readonly #cuts: CutLog;
  readonly #clock = new Clock();
  readonly #sessions = new Map<string, Session>();
  readonly #rooms = new Map<string, MemoryRoom>();
  #sweeper: NodeJS.Timeout | undefined;
  #streams = 0;
  #draining = false;
  #closed = false;

  constructor(options: HubOptions) {
    this.#options = options;
    this.#retentionMs = retentionMs(options.graceMs);
    this.#cuts = new CutLog(options.log);
  }

  async start(): Promise<void> {
    this.#sweeper ??= setInterval(() => this.#sweep(), this.#retentionMs).unref();
  }

  async open(peer: Peer, after?: Cursor, joins: readonly Join[] = []): Promise<Stream> {
    if (this.#draining) throw new SignalboxError('UNAVAILABLE', draining);
    if (this.#streams >= this.#options.maxStreams) throw new SignalboxError('UNAVAILABLE', tooManyStreams);
    const cursor = after === undefined ? undefined : Number(after);
    const living = this.#sessions.get(peer.id);
    const missed = living && cursor !== undefined ? this.#missed(living, cursor) : undefined;
    const entering = roomsToEnter(joins, peer, missed && living, this.#rooms, this.#options);
    if (living && missed) {
      living.peer = peer;
      return this.#attach(living, { cursor: String(cursor), resumed: true }, missed, entering);
    }
    if (living) this.#end(living, 'REPLACED');
    return this.#begin(peer, cursor, entering);
  }

  async joinRoom(peerId: string, roomId: string, state: JsonText): Promise<Room> {
    const session = this.#session(peerId);
    const joined = session.rooms.get(roomId);
    if (joined) return joined.view();
    const room = this.#rooms.get(roomId) ?? new MemoryRoom(roomId);
    const { fault } = admission(room, session.peer, state, session.rooms.size, this.#options);
    if (fault) throw new SignalboxError(fault);
    session.deliver(this.#enter(session, room, state));
    return room.view();
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
  ): Promise<Receipt> {
    const { receipts } = this.#session(peerId);
    const earlier = receipts.get(key);
    if (earlier) return earlier;
    const { room, sender } = this.#membership(peerId, roomId);
    const target = room.memberships.get(to);
    if (!target) throw new SignalboxError('PEER_NOT_IN_ROOM');
    const signal = this.#signal(roomId, sender, event, data);
    target.session.deliver([signal]);
    const status = target.session.connected ? 'DELIVERED' : 'QUEUED';
    return receipts.keep(key, { cursor: signal.entry.cursor, status });
  }

  async broadcast(
    peerId: string,
    roomId: string,
    event: string,
    data: JsonText,
    key?: string,
  ): Promise<Receipt> {
    const { receipts } = this.#session(peerId);
    const earlier = receipts.get(key);
    if (earlier) return earlier;
    const { room, sender } = this.#membership(peerId, roomId);
    const signal = this.#signal(roomId, sender, event, data);
    room.deliver(signal);
    const status = room.unheard(sender) ? 'QUEUED' : 'DELIVERED';
    return receipts.keep(key, { cursor: signal.entry.cursor, status });
  }

  async setState(peerId: string, roomId: string, state: JsonText): Promise<Member> {
    const { room, sender } = this.#membership(peerId, roomId);
    if (room.bytesWith(sender.session.peer, state, this.#options) === undefined) {
      throw new SignalboxError('PAYLOAD_TOO_LARGE');
    }
    const changed = membership(sender.session, state);
    room.put(changed);
    const { member } = changed;
    room.deliver(sizedEntry({ type: 'PeerChanged', cursor: this.#clock.next(), roomId, ...member }));
    return member;
  }

  async room(peerId: string, roomId: string): Promise<Room | null> {
    return this.#sessions.get(peerId)?.rooms.get(roomId)?.view() ?? null;
  }

  async rooms(peerId: string): Promise<readonly Room[]> {
    const session = this.#sessions.get(peerId);
    return session ? this.#roomsOf(session) : [];
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
    for (const session of this.#sessions.values()) session.cut('shutdown');
    this.#cuts.summarize();
    this.#sessions.clear();
    this.#rooms.clear();
  }

  /**
   * The entries that the session's peer has not seen, if the session can go on from the cursor; undefined if a
   * new one has to begin. Throws `REPLACED` if the cursor is another tab's.
   */
  #missed(session: Session, cursor: number): readonly SizedEntry[] | undefined {
    // The same cursor again: the client did not get the answer that opened this session.
    if (cursor === session.openedWith) return undefined;
    if (cursor < session.start) throw new SignalboxError('REPLACED');
    // This hub's clock never gave that cursor, so it cannot tell what followed it.
    if (cursor > this.#clock.last) return undefined;
    return session.inbox.after(cursor);
  }

  #begin(peer: Peer, openedWith: number | undefined, entering: readonly Join[]): Stream {
    const cursor = this.#clock.next();
    const session = new Session({
      peer,
      start: Number(cursor),
      openedWith,
      graceMs: this.#options.graceMs,
      onGraceOver: (ended) => this.#end(ended, 'DISCONNECTED'),
      onStreamClosed: (reason) => {
        this.#streams -= 1;
        this.#cuts.add(peer.id, reason);
      },
    });
    this.#sessions.set(peer.id, session);
    return this.#attach(session, { cursor, resumed: false }, [], entering);
  }

  /** The session enters the rooms, and gets a stream. What it is told of their members comes after the missed entries. */
  #attach(
    session: Session,
    { cursor, resumed }: Pick<Connected, 'cursor' | 'resumed'>,
    missed: readonly SizedEntry[],
    entering: readonly Join[],
  ): Stream {
    const batch = [...missed];
    for (const { roomId, state } of entering) {
      const offers = this.#enter(session, this.#rooms.get(roomId) ?? new MemoryRoom(roomId), state);
      session.inbox.append(offers);
      batch.push(...offers);
    }
    this.#streams += 1;
    const { peer } = session;
    return session.attach({ type: 'Connected', cursor, peer, resumed, rooms: this.#roomsOf(session) }, batch);
  }

  /** Adds the session to a room that takes it, and tells the members. Returns what the session is to be told of them. */
  #enter(session: Session, room: MemoryRoom, state: JsonText): SizedEntry[] {
    const joiner = membership(session, state);
    const others = Array.from(room.memberships.values());
    room.put(joiner);
    room.deliver(this.#added(room.id, joiner, false));
    session.rooms.set(room.id, room);
    this.#rooms.set(room.id, room);
    return others.map((present) => this.#added(room.id, present, true));
  }

  #end(session: Session, reason: RemovalReason): void {
    this.#sessions.delete(session.peer.id);
    for (const room of session.rooms.values()) this.#remove(session, room, reason);
    session.end();
  }

  #remove(session: Session, room: MemoryRoom, reason: RemovalReason): void {
    const leaver = room.memberships.get(session.peer.id);
    if (!leaver) return;
    room.remove(leaver);
    session.rooms.delete(room.id);
    if (room.memberships.size === 0) this.#rooms.delete(room.id);
    const { member } = leaver;
    const cursor = this.#clock.next();
    room.deliver(sizedEntry({ type: 'PeerRemoved', cursor, roomId: room.id, ...member, reason }));
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

  #roomsOf(session: Session): readonly Room[] {
    return Array.from(session.rooms.values(), (room) => room.view());
  }

  #added(roomId: string, { member }: Membership, offer: boolean): SizedEntry {
    return sizedEntry({ type: 'PeerAdded', cursor: this.#clock.next(), roomId, ...member, offer });
  }

  #signal(roomId: string, { member }: Membership, event: string, data: JsonText): SizedEntry {
    const cursor = this.#clock.next();
    const signal: Entry = { type: 'Signal', cursor, roomId, peer: member.peer, event, data };
    return sizedEntry(signal);
  }

  /** Drops entries that are too old for a resume. Otherwise a quiet session would keep its last burst. */
  #sweep(): void {
    const oldest = (Date.now() - this.#retentionMs) * 1000;
    for (const session of this.#sessions.values()) session.inbox.dropBefore(oldest);
  }
}
