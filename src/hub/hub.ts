import type { Logger } from 'pino';
import type { JsonText } from '../json-text.ts';
import type { Census, Monitor } from '../monitor.ts';
import type { Moderation } from './moderation.ts';
import type { Pass } from './pass.ts';
import type { RoomView } from './room-view.ts';
import type { Stream } from './stream.ts';

/**
 * The place of a message in its peer's order of messages, and the id of the log entry behind it: a decimal
 * number below 2^53, in microseconds of the hub's clock. Later entries have larger cursors.
 */
export type Cursor = string;

/** A connected client. It looks the same in every room and message. */
export interface Peer {
  readonly id: string;
  readonly username: string;
  /** Whether its token came from the mutation `access`. */
  readonly guest: boolean;
  /** Peers of one space never meet those of another. No client sees it. Undefined: the space of tokens that name none. */
  readonly space?: string | undefined;
}

/** A peer in one room. */
export interface Member {
  readonly peer: Peer;
  readonly state: JsonText;
}

export interface Room {
  readonly id: string;
  /** In order of joining, the caller included. None if they were not asked for. */
  readonly members: readonly Member[];
}

/** How many others an operation reached. Callers are metered by it (G13). */
export interface Delivery {
  /** How many others the operation sent a message to. */
  readonly receivers: number;
}

/** A room that a peer has joined. */
export interface JoinedRoom extends Room, Delivery {
  /** The size of all members as JSON, in bytes: the joiner gets a message about each. */
  readonly bytes: number;
}

/** A room that a peer asks to enter when it opens its stream, and its state there. */
export interface Join {
  /** The full id. */
  readonly roomId: string;
  readonly state: JsonText;
}

export interface Connected {
  readonly type: 'Connected';
  readonly cursor: Cursor;
  readonly peer: Peer;
  readonly resumed: boolean;
  /** Undefined if the rooms are too large for one response. */
  readonly rooms: readonly Room[] | undefined;
}

interface RoomEntry<Type extends string> {
  readonly type: Type;
  readonly cursor: Cursor;
  readonly roomId: string;
  /**
   * The peer that the entry is about, or its sender. A room-wide entry reaches every member but this one. A peer that is
   * put out of a room gets an entry about itself.
   */
  readonly peer: Peer;
}

export interface PeerAdded extends RoomEntry<'PeerAdded'>, Member {
  readonly offer: boolean;
}

export interface PeerChanged extends RoomEntry<'PeerChanged'>, Member {}

export type RemovalReason = 'LEFT' | 'DISCONNECTED' | 'REPLACED' | 'KICKED' | 'CLOSED';

export interface PeerRemoved extends RoomEntry<'PeerRemoved'>, Member {
  readonly reason: RemovalReason;
}

export interface Signal extends RoomEntry<'Signal'> {
  readonly event: string;
  readonly data: JsonText;
}

/** One entry of a log: of a peer's inbox, or of a room's log. */
export type Entry = PeerAdded | PeerChanged | PeerRemoved | Signal;

/** Shows that the stream is alive. No log keeps it; it repeats the cursor of the last message. */
export interface Heartbeat {
  readonly type: 'Heartbeat';
  readonly cursor: Cursor;
  readonly sentAt: Date;
}

/** A message on a stream. */
export type Message = Connected | Entry | Heartbeat;

/** An entry and its size. One object serves all the logs and streams that hold the entry. */
export interface SizedEntry {
  readonly entry: Entry;
  /** The approximate size of the entry in memory. */
  readonly bytes: number;
}

export interface Receipt {
  readonly cursor: Cursor;
  readonly status: 'DELIVERED' | 'QUEUED';
}

export interface HubOptions {
  readonly log: Logger;
  /** Counts and measures what the hub does. */
  readonly monitor?: Monitor | undefined;
  /** The grace period: how long a session outlives its stream, in milliseconds. */
  readonly graceMs: number;
  readonly maxPeersPerRoom: number;
  readonly maxRoomsPerPeer: number;
  /**
   * The most bytes of JSON that all members of a room may take together. A member that would exceed it and is
   * larger than an equal share is refused with `PAYLOAD_TOO_LARGE`.
   */
  readonly maxRoomBytes: number;
  /**
   * The most streams that this node holds. Further streams are refused with `UNAVAILABLE`, unless they resume a session:
   * a session keeps its place for the grace period. A node holds at most twice as many sessions.
   */
  readonly maxStreams: number;
  /** The greatest age of a stream before it is cut, in milliseconds (see `StreamAges`). Undefined: no bound. */
  readonly maxStreamMs?: number | undefined;
  /** How long a peer that was put out of a room may not come back, in milliseconds. `removalMs` unless given. */
  readonly removalMs?: number | undefined;
}

/**
 * Rooms, and the messages between their peers.
 *
 * A *session* begins when a peer opens a stream without a usable cursor, and holds the peer's memberships.
 * It outlives its stream by the grace period. Each method is atomic, and throws a `SignalboxError`:
 * `NOT_CONNECTED` if the peer has no session, `UNAVAILABLE` if the hub cannot be reached, and the codes named
 * at the method. The caller checks the input and the rights of tokens; the hub does not.
 *
 * `peerId` and `roomId` are full ids (spaces.ts). What comes out of the hub has plain ids.
 *
 * One clock gives all cursors, so entries have the same order everywhere (G2). On a stream, cursors strictly
 * increase. All members of a room see its entries in the same order.
 */
export interface Hub {
  /** What moderators do. */
  readonly moderation: Moderation;

  /** Resolves when the hub can serve. */
  start(): Promise<void>;

  /**
   * Opens the peer's stream. Its first message is `Connected`.
   *
   * - Without `after`, a session begins. A living one ends: its rooms get `PeerRemoved(REPLACED)`, and its stream
   *   ends with `REPLACED` (G5).
   * - With a cursor of the living session, the session goes on: `Connected` has `resumed: true` and `after`
   *   as its cursor, and every entry after it follows, once (G3). If the session still has a stream, that one
   *   ends with `REPLACED`.
   * - With an unusable cursor (the session has ended, or later entries are gone) a session begins, as
   *   without one.
   * - A cursor older than the living session belongs to another tab: it is refused with `REPLACED`. The one
   *   exception is the cursor that opened the living session. The response to that request may have been lost,
   *   so a new session begins.
   *
   * The session enters the rooms of `joins` that it is not in, in this order and before anything else can happen to it
   * (G15). `joins` names each room once. `Connected` has these rooms, and after the missed entries follows what
   * `joinRoom` brings: one `PeerAdded(offer: true)` for each member. If one of the rooms cannot be entered, nothing
   * changes at all: no room is entered, no session begins, and none ends. Throws what `joinRoom` throws, and
   * `PAYLOAD_TOO_LARGE` also if all rooms of the session together would be too large for one response.
   *
   * If the session goes on, it leaves the rooms that the pass does not admit the peer to any more: the members, and the
   * peer itself, get `PeerRemoved(KICKED)` (G16).
   *
   * When the stream closes, for any reason, the grace period begins (G4). `view`: what `Connected` has of the rooms;
   * the members are read unless it says otherwise. `origin`: whom the states of a new session are counted for, such as
   * an address. In memory, one origin cannot take all the room for states from the others (G13).
   */
  open(
    peer: Peer,
    after?: Cursor,
    joins?: readonly Join[],
    view?: RoomView,
    origin?: string,
    pass?: Pass,
  ): Promise<Stream>;

  /**
   * Members of the room get `PeerAdded(offer: false)`, and the joiner gets one `PeerAdded(offer: true)` for each
   * of them. So of every pair, exactly one side offers (G1). Joining again changes nothing (G7).
   * Throws `ROOM_FULL`, `TOO_MANY_ROOMS`, `PAYLOAD_TOO_LARGE`, `FORBIDDEN` if the peer was put out of the room and may not
   * come back yet (G16), and in memory `UNAVAILABLE` if the states of all rooms take as much memory as they may.
   */
  joinRoom(
    peerId: string,
    roomId: string,
    state: JsonText,
    view?: RoomView,
    pass?: Pass,
  ): Promise<JoinedRoom>;

  /** The others get `PeerRemoved(LEFT)`. False if the peer was not in the room (G7). */
  leaveRoom(peerId: string, roomId: string): Promise<boolean>;

  /**
   * One peer gets a `Signal`. Throws `NOT_IN_ROOM`, `PEER_NOT_IN_ROOM` (G6).
   *
   * If the session has sent a message with the same key, by `relay` or by `broadcast`, nothing is sent: the receipt
   * is that of the first one (G14). A session remembers the keys of its last `maxReceipts` messages that had one.
   */
  relay(
    peerId: string,
    roomId: string,
    to: string,
    event: string,
    data: JsonText,
    key?: string,
  ): Promise<Receipt & Delivery>;

  /** All others in the room get a `Signal`. Throws `NOT_IN_ROOM`. The key works as in `relay`. */
  broadcast(
    peerId: string,
    roomId: string,
    event: string,
    data: JsonText,
    key?: string,
  ): Promise<Receipt & Delivery>;

  /** The others get `PeerChanged`. Throws `NOT_IN_ROOM`, `PAYLOAD_TOO_LARGE`, and `UNAVAILABLE` as `joinRoom` does. */
  setState(peerId: string, roomId: string, state: JsonText): Promise<Member & Delivery>;

  /** The room, or null if the peer is not in it. Without a session: null. */
  room(peerId: string, roomId: string, view?: RoomView): Promise<Room | null>;

  /**
   * The peer's rooms, in the order in which it joined them. Without a session: none. Throws
   * `PAYLOAD_TOO_LARGE` if the rooms are too large for one response.
   */
  rooms(peerId: string, view?: RoomView): Promise<readonly Room[]>;

  /** Whether the hub can serve now. */
  ready(): boolean;

  /** What this node holds now. */
  census(): Census;

  /**
   * Refuses new streams, and cuts the open ones one after another over this time, so that their peers do not
   * all move to other nodes at once (G11). Resolves when the last stream is closed.
   */
  drain(overMs: number): Promise<void>;

  /** Cuts the remaining streams, and releases everything. */
  close(): Promise<void>;
}
