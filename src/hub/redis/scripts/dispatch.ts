import type { Entry, SizedEntry } from '../../hub.ts';

/** An entry as the scripts write it: its id comes beside it. */
type Unnumbered = Omit<Entry, 'cursor'>;

interface Numbered {
  /** Dispatches to a node have consecutive numbers: if one is skipped, the node missed it. */
  readonly n: number;
  /** The first 8 characters of the run id of the Redis that sends this. */
  readonly run: string;
  /** The newest id that the script gave before it sent this; 0: none. */
  readonly newest: number;
}

/** What a node is sent on its channel. `stream` is the name of one of its streams. */
export type Dispatch = Numbered &
  (
    | { readonly kind: 'peer'; readonly stream: string; readonly batch: readonly SizedEntry[] }
    | { readonly kind: 'room'; readonly room: string; readonly batch: readonly SizedEntry[] }
    | {
        readonly kind: 'joined';
        readonly stream: string;
        readonly room: string;
        readonly batch: readonly SizedEntry[];
      }
    | { readonly kind: 'left'; readonly stream: string; readonly room: string }
    | { readonly kind: 'replaced'; readonly stream: string }
    | { readonly kind: 'beat' }
    | { readonly kind: 'disowned' }
  );

/** A dispatch as the scripts write it. */
export type DispatchJson = Omit<Dispatch, 'batch'> & {
  /** The id of the first entry. The other entries have the ids that follow it. */
  readonly first?: number;
  /** The size of all entries as JSON. */
  readonly bytes?: number;
  readonly entries?: readonly Unnumbered[];
};

/** All streams of the node share the entries of the result. */
export function toDispatch(json: DispatchJson): Dispatch {
  const { first = 0, bytes = 0, entries = [], ...rest } = json;
  return { ...rest, batch: toBatch(first, bytes, entries) } as unknown as Dispatch;
}

/** Gives entries consecutive ids, and each an equal part of their bytes. */
export function toBatch(first: number, bytes: number, entries: readonly Unnumbered[]): SizedEntry[] {
  const each = Math.ceil(bytes / entries.length);
  return entries.map((entry, i) => ({
    entry: { ...entry, cursor: String(first + i) } as Entry,
    bytes: each,
  }));
}
