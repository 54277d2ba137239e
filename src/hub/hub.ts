import type { Stream } from './stream.ts';

/** A decimal number below 2^53, in microseconds of the hub's clock. Later entries have larger ids. */
export type EntryId = string;

/** Who a peer is, everywhere. */
export interface Profile {
  readonly id: string;
  readonly username: string;
}

/** A peer as it shows itself in one room. */
export interface Peer extends Profile {
  readonly state: unknown;
}

export interface Room {
  readonly id: string;
  /** In order of joining, the caller included. */
  readonly peers: readonly Peer[];
}

/** A JSON value that came in, beside its text, which was made once to measure it. */
export interface Payload {
  readonly value: unknown;
  readonly text: string;
}

export interface Connected {
  readonly type: 'Connected';
  readonly id: EntryId;
  readonly peer: Profile;
  readonly resumed: boolean;
  /** Undefined where they are too much to tell of in one go. */
  readonly rooms: readonly Room[] | undefined;
}

interface RoomEntry<Type extends string> {
  readonly type: Type;
  readonly id: EntryId;
  readonly roomId: string;
  /** Whom the entry is about, or who sent it. A room-wide entry reaches every member but this one. */
  readonly peer: Peer;
}

export interface PeerAdded extends RoomEntry<'PeerAdded'> {
  readonly offer: boolean;
}

export interface PeerChanged extends RoomEntry<'PeerChanged'> {}

export type RemovalReason = 'LEFT' | 'DISCONNECTED' | 'REPLACED' | 'KICKED';

export interface PeerRemoved extends RoomEntry<'PeerRemoved'> {
  readonly reason: RemovalReason;
}

export interface Signal extends RoomEntry<'Signal'> {
  readonly event: string;
  readonly data: unknown;
}

/** What is appended for a peer or a room. */
export type Entry = PeerAdded | PeerChanged | PeerRemoved | Signal;

/** Says that the stream lives. It is no entry: it repeats the id of the last, and nobody keeps it. */
export interface Heartbeat {
  readonly type: 'Heartbeat';
  readonly id: EntryId;
  readonly sentAt: Date;
}

/** What comes out of a stream. */
export type Message = Connected | Entry | Heartbeat;

export interface Receipt {
  readonly id: EntryId;
  readonly status: 'DELIVERED' | 'QUEUED';
}

export interface HubOptions {
  /** How long a session outlives its stream, in milliseconds. */
  readonly graceMs: number;
  readonly maxPeersPerRoom: number;
  readonly maxRoomsPerPeer: number;
  /**
   * What all peers of a room may take as JSON, with their states, in bytes. Beyond it, `PAYLOAD_TOO_LARGE` for
   * those that have more than a peer's share.
   */
  readonly maxRoomBytes: number;
  /** How many streams this node holds; beyond it, `UNAVAILABLE`. */
  readonly maxStreams: number;
}

/**
 * Rooms, and what their peers send one another.
 *
 * A *session* begins when a peer opens a stream without a cursor that still serves, and holds the
 * peer's memberships. It outlives its stream by the grace period. Each method is atomic, and throws
 * a `SignalboxError`: `NOT_CONNECTED` where the peer has no session, `UNAVAILABLE` where the hub is
 * out of reach, and those it names. Input is checked by the caller of the hub, not here.
 *
 * Ids come from one clock, so entries are in one order everywhere: on a stream they strictly
 * increase, and all members of a room see its entries in the same order (G2).
 */
export interface Hub {
  /** Resolves when the hub can serve. */
  start(): Promise<void>;

  /**
   * Opens the peer's stream, whose first entry is `Connected`.
   *
   * - Without `after` a session begins. One that lived until then ends: its rooms get
   *   `PeerRemoved(REPLACED)`, its stream ends with `REPLACED` (G5).
   * - With `after`, the id of an entry of the living session, the session goes on: `Connected` has
   *   `resumed: true` and `after` as its id, and every entry past it follows, once (G3). A stream
   *   that the session still had ends with `REPLACED`.
   * - With an `after` from which nothing can go on, since the session has ended, or what followed
   *   is no longer kept, a session begins as without one.
   * - An `after` that is older than the living session is refused with `REPLACED`: it is another
   *   tab's. Only the very cursor that the living session was opened with begins a new one: there
   *   the answer may have been lost on its way.
   *
   * When the stream closes, for whatever reason, the grace period begins (G4).
   */
  open(profile: Profile, after?: EntryId): Promise<Stream>;

  /**
   * Those present get `PeerAdded(offer: false)`, the joiner one `PeerAdded(offer: true)` for each of
   * them, so that of every pair one side offers (G1). Joining again changes nothing (G7).
   * Throws `ROOM_FULL`, `TOO_MANY_ROOMS`, `PAYLOAD_TOO_LARGE`.
   */
  joinRoom(peerId: string, roomId: string, state: Payload): Promise<Room>;

  /** The others get `PeerRemoved(LEFT)`. False where the peer was not in the room (G7). */
  leaveRoom(peerId: string, roomId: string): Promise<boolean>;

  /** One peer gets a `Signal`. Throws `NOT_IN_ROOM`, `PEER_NOT_IN_ROOM` (G6). */
  relay(peerId: string, roomId: string, to: string, event: string, data: Payload): Promise<Receipt>;

  /** Everyone else in the room gets a `Signal`. Throws `NOT_IN_ROOM`. */
  broadcast(peerId: string, roomId: string, event: string, data: Payload): Promise<Receipt>;

  /** The others get `PeerChanged`. Throws `NOT_IN_ROOM`, `PAYLOAD_TOO_LARGE`. */
  setState(peerId: string, roomId: string, state: Payload): Promise<Peer>;

  /** The room, where the peer is in it; else null. Without a session: null. */
  room(peerId: string, roomId: string): Promise<Room | null>;

  /**
   * The peer's rooms, in the order in which it joined them. Without a session: none. Throws
   * `PAYLOAD_TOO_LARGE` where they are too much to tell of in one go.
   */
  rooms(peerId: string): Promise<readonly Room[]>;

  /** Whether the hub can serve now. */
  ready(): boolean;

  /**
   * Takes no new stream, and cuts those there are one after the other over so many milliseconds, so
   * that their peers do not all come back to other nodes at once (G11). Resolves when the last is gone.
   */
  drain(overMs: number): Promise<void>;

  /** Cuts the streams that are left, and lets go of everything. */
  close(): Promise<void>;
}
