import { SignalboxError } from '../../errors.ts';
import { retentionMs } from '../bounds.ts';
import { fullOfStreams, goingDown, spread } from '../drain.ts';
import type {
  Connected,
  EntryId,
  Hub,
  HubOptions,
  Payload,
  Peer,
  Profile,
  Receipt,
  RemovalReason,
  Room,
} from '../hub.ts';
import type { Stream } from '../stream.ts';
import { Clock } from './clock.ts';
import { type Item, sized } from './inbox.ts';
import { type Member, MemoryRoom, member } from './room.ts';
import { Session } from './session.ts';

/**
 * The hub of one process alone. Every method does its work in one go, without an `await` in it, and
 * that is what makes it atomic.
 */
export class MemoryHub implements Hub {
  readonly #options: HubOptions;
  readonly #retentionMs: number;
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
  }

  async start(): Promise<void> {
    this.#sweeper ??= setInterval(() => this.#sweep(), this.#retentionMs).unref();
  }

  async open(profile: Profile, after?: EntryId): Promise<Stream> {
    if (this.#draining) throw new SignalboxError('UNAVAILABLE', goingDown);
    if (this.#streams >= this.#options.maxStreams) throw new SignalboxError('UNAVAILABLE', fullOfStreams);
    const cursor = after === undefined ? undefined : Number(after);
    const living = this.#sessions.get(profile.id);
    if (living) {
      const missed = cursor === undefined ? undefined : this.#missed(living, cursor);
      if (missed) {
        living.profile = profile;
        const rooms = this.#roomsOf(living);
        const connected = { id: String(cursor), peer: profile, resumed: true, rooms };
        return this.#attach(living, connected, missed);
      }
      this.#end(living, 'REPLACED');
    }
    return this.#begin(profile, cursor);
  }

  async joinRoom(peerId: string, roomId: string, state: Payload): Promise<Room> {
    const session = this.#session(peerId);
    const joined = session.rooms.get(roomId);
    if (joined) return joined.view();
    const room = this.#rooms.get(roomId) ?? new MemoryRoom(roomId);
    if (room.members.size >= this.#options.maxPeersPerRoom) throw new SignalboxError('ROOM_FULL');
    if (session.rooms.size >= this.#options.maxRoomsPerPeer) throw new SignalboxError('TOO_MANY_ROOMS');

    const joiner = member(session, state);
    const others = Array.from(room.members.values());
    room.put(joiner, this.#options);
    room.deliver(this.#added(roomId, joiner, false));
    session.deliver(others.map((present) => this.#added(roomId, present, true)));
    session.rooms.set(roomId, room);
    this.#rooms.set(roomId, room);
    return room.view();
  }

  async leaveRoom(peerId: string, roomId: string): Promise<boolean> {
    const session = this.#session(peerId);
    const room = session.rooms.get(roomId);
    if (!room) return false;
    this.#remove(session, room, 'LEFT');
    return true;
  }

  async relay(peerId: string, roomId: string, to: string, event: string, data: Payload): Promise<Receipt> {
    const { room, sender } = this.#membership(peerId, roomId);
    const target = room.members.get(to);
    if (!target) throw new SignalboxError('PEER_NOT_IN_ROOM');
    const item = this.#signal(roomId, sender, event, data);
    target.session.deliver([item]);
    return { id: item.entry.id, status: target.session.connected ? 'DELIVERED' : 'QUEUED' };
  }

  async broadcast(peerId: string, roomId: string, event: string, data: Payload): Promise<Receipt> {
    const { room, sender } = this.#membership(peerId, roomId);
    const item = this.#signal(roomId, sender, event, data);
    room.deliver(item);
    return { id: item.entry.id, status: room.unheard(sender) ? 'QUEUED' : 'DELIVERED' };
  }

  async setState(peerId: string, roomId: string, state: Payload): Promise<Peer> {
    const { room, sender } = this.#membership(peerId, roomId);
    const changed = member(sender.session, state);
    const { peer, stateLength } = changed;
    room.put(changed, this.#options);
    room.deliver(sized({ type: 'PeerChanged', id: this.#clock.next(), roomId, peer }, stateLength));
    return peer;
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
    await spread(connected, overMs, (session) => session.cut());
  }

  async close(): Promise<void> {
    this.#draining = true;
    this.#closed = true;
    clearInterval(this.#sweeper);
    for (const session of this.#sessions.values()) session.cut();
    this.#sessions.clear();
    this.#rooms.clear();
  }

  /**
   * What the session's peer has not seen, where the session can go on from the cursor; undefined
   * where a new one has to begin. Throws `REPLACED` where the cursor is another tab's.
   */
  #missed(session: Session, cursor: number): readonly Item[] | undefined {
    // Whoever comes again with this cursor did not get the answer that the session began with.
    if (cursor === session.openedWith) return undefined;
    if (cursor < session.startId) throw new SignalboxError('REPLACED');
    // No clock of this hub gave that id, so nobody knows what came between it and now.
    if (cursor > this.#clock.last) return undefined;
    return session.inbox.after(cursor);
  }

  #begin(profile: Profile, openedWith: number | undefined): Stream {
    const id = this.#clock.next();
    const session = new Session({
      profile,
      startId: Number(id),
      openedWith,
      graceMs: this.#options.graceMs,
      onGraceOver: (ended) => this.#end(ended, 'DISCONNECTED'),
      onStreamClosed: () => {
        this.#streams -= 1;
      },
    });
    this.#sessions.set(profile.id, session);
    return this.#attach(session, { id, peer: profile, resumed: false, rooms: [] }, []);
  }

  #attach(session: Session, connected: Omit<Connected, 'type'>, missed: readonly Item[]): Stream {
    this.#streams += 1;
    return session.attach({ type: 'Connected', ...connected }, missed);
  }

  #end(session: Session, reason: RemovalReason): void {
    this.#sessions.delete(session.profile.id);
    for (const room of session.rooms.values()) this.#remove(session, room, reason);
    session.end();
  }

  #remove(session: Session, room: MemoryRoom, reason: RemovalReason): void {
    const leaver = room.members.get(session.profile.id);
    if (!leaver) return;
    room.remove(leaver);
    session.rooms.delete(room.id);
    if (room.members.size === 0) this.#rooms.delete(room.id);
    const { peer, stateLength } = leaver;
    const id = this.#clock.next();
    room.deliver(sized({ type: 'PeerRemoved', id, roomId: room.id, peer, reason }, stateLength));
  }

  #session(peerId: string): Session {
    if (this.#closed) throw new SignalboxError('UNAVAILABLE');
    const session = this.#sessions.get(peerId);
    if (!session) throw new SignalboxError('NOT_CONNECTED');
    return session;
  }

  #membership(peerId: string, roomId: string): { room: MemoryRoom; sender: Member } {
    const room = this.#session(peerId).rooms.get(roomId);
    const sender = room?.members.get(peerId);
    if (!room || !sender) throw new SignalboxError('NOT_IN_ROOM');
    return { room, sender };
  }

  #roomsOf(session: Session): readonly Room[] {
    return Array.from(session.rooms.values(), (room) => room.view());
  }

  #added(roomId: string, { peer, stateLength }: Member, offer: boolean): Item {
    return sized({ type: 'PeerAdded', id: this.#clock.next(), roomId, peer, offer }, stateLength);
  }

  #signal(roomId: string, { peer }: Member, event: string, data: Payload): Item {
    const id = this.#clock.next();
    return sized({ type: 'Signal', id, roomId, peer, event, data: data.value }, data.text.length);
  }

  /** Lets go of what is too old for a resume. Without it a quiet session would hold its last burst. */
  #sweep(): void {
    const oldest = (Date.now() - this.#retentionMs) * 1000;
    for (const session of this.#sessions.values()) session.inbox.dropBefore(oldest);
  }
}
