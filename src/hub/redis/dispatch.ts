import type { Entry, Peer, Room } from '../hub.ts';

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
  const each = Math.ceil(bytes / entries.length);
  const batch = entries.map((entry, i) => ({
    entry: { ...entry, id: String(first + i) } as Entry,
    bytes: each,
  }));
  return { ...rest, batch } as unknown as Dispatch;
}

/** As a script returns a room: its id, then its members as JSON. */
export type RoomReply = readonly [id: string, ...members: string[]];

export function toRoom([id, ...members]: RoomReply): Room {
  return { id, peers: members.map((json) => JSON.parse(json) as Peer) };
}

/** As a script returns a log: `[<id>-0, ['e', json, 'by', peer]]` an entry. */
type LogReply = readonly (readonly [id: string, fields: readonly string[]])[];

/** Where a session stands: all that was dispatched up to `n` is in there. */
export interface Snapshot {
  readonly n: number;
  readonly rooms: readonly Room[];
  /** What it missed, in order. */
  readonly missed: readonly Sized[];
}

export type SnapshotReply = readonly [n: number, rooms: readonly RoomReply[], logs: readonly LogReply[]];

/** The peer's own doings are in its rooms' logs, and are not told to itself. */
export function toSnapshot([n, rooms, logs]: SnapshotReply, peerId: string): Snapshot {
  const missed: Sized[] = [];
  for (const log of logs) {
    for (const [streamId, [, json = '', , by]] of log) {
      if (by === peerId) continue;
      const id = streamId.slice(0, streamId.indexOf('-'));
      missed.push({ entry: { ...(JSON.parse(json) as Unnumbered), id } as Entry, bytes: json.length });
    }
  }
  missed.sort((a, b) => Number(a.entry.id) - Number(b.entry.id));
  return { n, rooms: rooms.map(toRoom), missed };
}
