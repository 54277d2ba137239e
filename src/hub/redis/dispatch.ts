import type { Entry, EntryId, Peer, Room } from '../hub.ts';

/** An entry as the scripts write it: its id comes beside it. */
type Unnumbered = Omit<Entry, 'id'>;

/** An entry beside the size of its JSON, as a stream takes it. */
export interface Sized {
  readonly entry: Entry;
  readonly bytes: number;
}

/**
 * What a node is told on its channel. Dispatches to a node are numbered in a row, by `n`: a hole means
 * that it missed one. `newest` is the last id that was given for what it tells; 0: none was. `run` is
 * the beginning of the run id of the Redis that tells.
 */
export type Dispatch = { readonly n: number; readonly run: string; readonly newest: number } & (
  | { readonly kind: 'peer'; readonly stream: string; readonly batch: readonly Sized[] }
  | { readonly kind: 'room'; readonly room: string; readonly batch: readonly Sized[] }
  | {
      readonly kind: 'joined';
      readonly stream: string;
      readonly room: string;
      readonly batch: readonly Sized[];
    }
  | { readonly kind: 'left'; readonly stream: string; readonly room: string }
  | { readonly kind: 'replaced'; readonly stream: string }
  | { readonly kind: 'beat' }
  | { readonly kind: 'disowned' }
);

/** A dispatch as the scripts write it. */
export type DispatchJson = Omit<Dispatch, 'batch'> & {
  /** The id of the first entry; those after it follow in a row. */
  readonly first?: number;
  /** Of all entries' JSON. */
  readonly bytes?: number;
  readonly entries?: readonly Unnumbered[];
};

/** Made once for a node, so that all its streams share the entries. */
export function toDispatch(json: DispatchJson): Dispatch {
  const { first = 0, bytes = 0, entries = [], ...rest } = json;
  return { ...rest, batch: toBatch(first, bytes, entries) } as unknown as Dispatch;
}

/** Their ids are in a row. */
function toBatch(first: number, bytes: number, entries: readonly Unnumbered[]): Sized[] {
  const each = Math.ceil(bytes / entries.length);
  return entries.map((entry, i) => ({ entry: { ...entry, id: String(first + i) } as Entry, bytes: each }));
}

/** As a script returns a room: its id, then its members as JSON. */
export type RoomReply = readonly [id: string, ...members: string[]];

export function toRoom([id, ...members]: RoomReply): Room {
  return { id, peers: members.map((json) => JSON.parse(json) as Peer) };
}

/** As a script returns a log: `[<first id>-0, ['e', json of the entries, 'by', peer, 'n', count]]` a batch. */
type LogReply = readonly (readonly [id: string, fields: readonly string[]])[];

/** Where a session stands: all that was dispatched up to `n` is in there. */
export interface Snapshot {
  readonly n: number;
  readonly rooms: readonly Room[];
  /** What it missed, in order. */
  readonly missed: readonly Sized[];
}

export type SnapshotReply = readonly [n: number, rooms: readonly RoomReply[], logs: readonly LogReply[]];

/** As a script returns a stream that it has opened; `opened` is in milliseconds of Redis's clock. */
export type OpenReply = readonly [
  resumed: number,
  id: EntryId,
  told: number,
  opened: number,
  ...snapshot: SnapshotReply,
];

/**
 * What a peer missed after an id. Its own doings are in its rooms' logs, and are not told to itself; the
 * first batch of a log may have begun before the id.
 */
export function toSnapshot([n, rooms, logs]: SnapshotReply, peerId: string, after: EntryId): Snapshot {
  const missed: Sized[] = [];
  for (const log of logs) {
    for (const [streamId, [, json = '', , by]] of log) {
      if (by === peerId) continue;
      const batch = toBatch(Number.parseInt(streamId, 10), json.length, JSON.parse(`[${json}]`));
      missed.push(...batch.filter(({ entry }) => Number(entry.id) > Number(after)));
    }
  }
  missed.sort((a, b) => Number(a.entry.id) - Number(b.entry.id));
  return { n, rooms: rooms.map(toRoom), missed };
}
