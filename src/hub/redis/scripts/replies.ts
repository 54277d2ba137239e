import { type ErrorCode, SignalboxError } from '../../../errors.ts';
import { JsonText } from '../../../json-text.ts';
import { cannotEnter, type EntryFault } from '../../entry-fault.ts';
import type { Cursor, Delivery, JoinedRoom, Member, Peer, Receipt, Room, SizedEntry } from '../../hub.ts';
import type { Removal } from '../../moderation.ts';
import { idIn } from '../../spaces.ts';
import type { Neighbour } from '../neighbours.ts';
import { toBatch, toMembers } from './dispatch.ts';
import type { Relayed } from './relay-batch.ts';

/**
 * A parsed reply: its result, and the newest id in it; 0: none. Every parser has to state that id, so no new script can
 * forget it (G3).
 */
export interface Told<Result> {
  readonly newestId: number;
  readonly result: Result;
}

/** The state of a session: it includes every dispatch up to number `n`. */
export interface Snapshot {
  readonly n: number;
  /** With full ids. */
  readonly rooms: readonly Room[];
  /** The entries that the session's stream has missed, in order. */
  readonly missed: readonly SizedEntry[];
}

/** A stream that Redis has opened. */
export interface Opened {
  readonly resumed: boolean;
  /** The cursor of `Connected`. */
  readonly cursor: Cursor;
  /** Undefined if the rooms are too large for one answer. */
  readonly rooms: readonly Room[] | undefined;
  /** In milliseconds of Redis's clock. */
  readonly openedMs: number;
  readonly snapshot: Snapshot;
}

/** The answer to a node whose stream missed dispatches: the state of the stream's session. */
export type Synced =
  | { readonly kind: 'snapshot'; readonly snapshot: Snapshot }
  /** It has a newer stream. */
  | { readonly kind: 'replaced' }
  /** It was given up or has ended, or entries are gone that its stream did not get. */
  | { readonly kind: 'lost' };

/** Some of the streams that a node holds according to Redis. */
export interface HeldStreams {
  readonly streams: readonly { readonly peerId: string; readonly name: string }[];
  /** The next page. Undefined: this was the last. */
  readonly next: string | undefined;
}

export interface Beaten {
  /** A name that changes if the others have given the node up, or Redis has forgotten it. */
  readonly life: string;
  /** Whether there is more housekeeping to do. */
  readonly more: boolean;
  /** The run id of the Redis that answered. */
  readonly run: string;
  /** The takeover with which this Redis began to serve. */
  readonly takeover: string;
  /** In milliseconds of Redis's clock. */
  readonly nowMs: number;
  /** In milliseconds of the steady clock. */
  readonly steadyMs: number;
  /** How far the steady clock is ahead of Redis's. */
  readonly offsetMs: number;
  /** How far Redis's clock was set forward since the node's last beat. If it is not 0, the beat has not counted. */
  readonly stepMs: number;
  /** Some of the other nodes. */
  readonly neighbours: readonly Neighbour[];
}

/** A room: its full id, and its members as text, if they are asked for. */
type RoomReply = readonly [id: string, members?: string];

/** A log: `[<id of the first entry>-0, ['e', the entries, 'by', author, 'n', their number]]` for each batch. */
type LogReply = readonly (readonly [id: string, fields: readonly string[]])[];

type SnapshotReply = readonly [n: number, rooms: readonly RoomReply[], logs: readonly LogReply[]];

type OpenReply =
  | readonly [
      kind: 'opened',
      resumed: number,
      cursor: Cursor,
      newestId: Cursor,
      complete: number,
      openedMs: number,
      ...snapshot: SnapshotReply,
    ]
  | readonly [kind: 'refused', fault: EntryFault, roomId: string];

type BeatReply = readonly [
  life: string,
  more: number,
  nowMs: number,
  neighbours: readonly string[],
  steadyMs: number,
  offsetMs: number,
  stepMs: number,
  takeover: string,
];

type SyncReply = readonly [kind: 'snapshot', ...SnapshotReply] | readonly [kind: 'replaced' | 'lost'];

/** Throws the error of a room that cannot be entered. */
export const toOpened =
  (peerId: string) =>
  (reply: OpenReply): Told<Opened> => {
    if (reply[0] === 'refused') throw cannotEnter(reply[1], reply[2]);
    const [, resumed, cursor, newestId, complete, openedMs, ...rest] = reply;
    const snapshot = toSnapshot(rest, peerId, cursor);
    const rooms = complete === 1 ? snapshot.rooms.map(shown) : undefined;
    // The ids of missed entries are noted too, because a client gets them from this node.
    const newest = Math.max(Number(newestId), Number(newestOf(snapshot, cursor)));
    return told(String(newest), { resumed: resumed === 1, cursor, rooms, openedMs, snapshot });
  };

export function toJoined([id, room, receivers, bytes]: readonly [
  id: Cursor,
  room: RoomReply,
  receivers: number,
  bytes: number,
]): Told<JoinedRoom> {
  return told(id, { ...shown(toRoom(room)), receivers, bytes });
}

export function toRemoval([id, receivers]: readonly [id: Cursor, receivers: number]): Told<Removal> {
  return told(id, { removed: id !== '0', receivers });
}

export function toLeft(id: Cursor): Told<boolean> {
  return told(id, id !== '0');
}

/** A message's id, whether a receiver has a stream, and the number of receivers. */
type ReceiptReply = readonly [cursor: Cursor, connected: number, receivers: number];

/** The outcome of each relay. */
export function toRelayed(reply: readonly (ReceiptReply | ErrorCode)[]): Told<readonly Relayed[]> {
  let newestId = 0;
  const result = reply.map((each) => {
    if (typeof each === 'string') return new SignalboxError(each);
    const receipt = toReceipt(each);
    newestId = Math.max(newestId, receipt.newestId);
    return receipt.result;
  });
  return { newestId, result };
}

export function toReceipt([cursor, connected, receivers]: ReceiptReply): Told<Receipt & Delivery> {
  return told(cursor, { cursor, status: connected === 1 ? 'DELIVERED' : 'QUEUED', receivers });
}

export function toMember([id, peer, state, receivers]: readonly [
  id: Cursor,
  peer: string,
  state: string,
  receivers: number,
]): Told<Member & Delivery> {
  return told(id, { ...memberOf(peer, state), receivers });
}

/** Undefined if the rooms are too large for one answer. */
export function toRooms(reply: readonly RoomReply[] | null): Told<readonly Room[] | undefined> {
  return toldOfNone(reply?.map((room) => shown(toRoom(room))));
}

/** `after` is the cursor of the request. */
export const toSynced =
  (peerId: string, after: Cursor) =>
  (reply: SyncReply): Told<Synced> => {
    if (reply[0] !== 'snapshot') return toldOfNone({ kind: reply[0] });
    const [kind, ...rest] = reply;
    const snapshot = toSnapshot(rest, peerId, after);
    return told(newestOf(snapshot, after), { kind, snapshot });
  };

export function toDetached(reply: number): Told<boolean> {
  return toldOfNone(reply === 1);
}

export function toHeldStreams([next = '0', ...held]: readonly string[]): Told<HeldStreams> {
  const streams: { peerId: string; name: string }[] = [];
  for (let i = 0; i < held.length; i += 2) {
    const [peerId = '', name = ''] = held.slice(i, i + 2);
    streams.push({ peerId, name });
  }
  return toldOfNone({ streams, next: next === '0' ? undefined : next });
}

/** `run` is the run id of the Redis that replies. The ids that a beat gives are in its dispatches. */
export function toBeaten(run: string, reply: unknown): Beaten {
  const [life, more, nowMs, others, steadyMs, offsetMs, stepMs, takeover] = reply as BeatReply;
  const neighbours: Neighbour[] = [];
  for (let i = 0; i < others.length; i += 2) {
    const [nodeId = '', url = ''] = others.slice(i, i + 2);
    neighbours.push({ nodeId, url });
  }
  return { life, more: more === 1, run, takeover, nowMs, neighbours, steadyMs, offsetMs, stepMs };
}

export function toDone(_reply: number): Told<undefined> {
  return toldOfNone(undefined);
}

/** The newest id in a snapshot. It is given to a client, so the node must know of it if another Redis takes over. */
function newestOf({ missed }: Snapshot, after: Cursor): Cursor {
  return missed.at(-1)?.entry.cursor ?? after;
}

function told<Result>(newestId: Cursor, result: Result): Told<Result> {
  return { newestId: Number(newestId), result };
}

function toldOfNone<Result>(result: Result): Told<Result> {
  return { newestId: 0, result };
}

function toRoom([id, members]: RoomReply): Room {
  return { id, members: members ? toMembers(members) : [] };
}

/** A room as clients see it. */
function shown({ id, members }: Room): Room {
  return { id: idIn(id), members };
}

function memberOf(peer: string, state: string): Member {
  return { peer: JSON.parse(peer) as Peer, state: JsonText.ofCompact(state) };
}

/**
 * The logs have the peer's own entries too, which it does not receive. The first batch of a log may have begun before
 * the cursor.
 */
function toSnapshot([n, rooms, logs]: SnapshotReply, peerId: string, after: Cursor): Snapshot {
  const missed: SizedEntry[] = [];
  for (const log of logs) {
    for (const [streamId, [, text = '', , by]] of log) {
      if (by === peerId) continue;
      const batch = toBatch(Number.parseInt(streamId, 10), text);
      missed.push(...batch.filter(({ entry }) => Number(entry.cursor) > Number(after)));
    }
  }
  missed.sort((a, b) => Number(a.entry.cursor) - Number(b.entry.cursor));
  return { n, rooms: rooms.map(toRoom), missed };
}
