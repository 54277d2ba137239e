import { JsonText } from '../../../json-text.ts';
import type { Entry, SizedEntry } from '../../hub.ts';
import { sizedEntry } from '../../sized-entry.ts';

interface Numbered {
  /** Dispatches to a node have consecutive numbers: if one is skipped, the node missed it. */
  readonly n: number;
  /** The first 8 characters of the run id of the Redis that sends this. */
  readonly run: string;
  /** The newest id that the script gave before it sent this; 0: none. */
  readonly newest: number;
}

/** One text that a script publishes on a node's channel. `stream` is the name of one of the node's streams. */
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

/** The head of a dispatch, as the scripts write it. */
type Head = Omit<Dispatch, 'batch'> & {
  /** The id of the first entry. The other entries have the ids that follow it. */
  readonly first?: number;
};

/** Parses a dispatch: the first line is its head, and the others are its entries. The node's streams share the entries. */
export function toDispatch(message: string): Dispatch {
  const end = message.indexOf('\n');
  if (end === -1) return { ...JSON.parse(message), batch: [] } as Dispatch;
  const { first = 0, ...head } = JSON.parse(message.slice(0, end)) as Head;
  return { ...head, batch: toBatch(first, message.slice(end + 1)) } as Dispatch;
}

/**
 * Parses entries with consecutive ids, as logs.lua describes them: of each a line of fields, and a line with the text of
 * its `data` or `state`.
 */
export function toBatch(first: number, text: string): SizedEntry[] {
  const lines = text.split('\n');
  const batch: SizedEntry[] = [];
  for (let i = 0; i + 1 < lines.length; i += 2) {
    const fields = JSON.parse(lines[i] ?? '') as Omit<Entry, 'cursor' | 'data' | 'state'>;
    const payload = JsonText.ofCompact(lines[i + 1] ?? 'null');
    const cursor = String(first + i / 2);
    const entry = { ...fields, cursor, [fields.type === 'Signal' ? 'data' : 'state']: payload };
    batch.push(sizedEntry(entry as Entry));
  }
  return batch;
}
