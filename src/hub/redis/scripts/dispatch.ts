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

/** The fields that only some kinds of dispatches have in their first line. */
const fieldsOf: Readonly<Record<Dispatch['kind'], readonly ('stream' | 'room')[]>> = {
  peer: ['stream'],
  room: ['room'],
  joined: ['stream', 'room'],
  left: ['stream', 'room'],
  replaced: ['stream'],
  beat: [],
  disowned: [],
};

/**
 * Parses a dispatch: the first line is its head, and the others are its entries. The node's streams share the entries.
 * Returns undefined for any other text: other users of this Redis can publish anything.
 */
export function toDispatch(message: string): Dispatch | undefined {
  const end = message.indexOf('\n');
  try {
    const head = JSON.parse(end === -1 ? message : message.slice(0, end)) ?? {};
    if (!isHead(head)) return undefined;
    // The id of the first entry. The other entries have the ids that follow it.
    const { first } = head;
    head.batch = end === -1 ? [] : toBatch(first, message.slice(end + 1));
    return end === -1 || (isId(first) && head.batch.every(isEntry)) ? head : undefined;
  } catch {
    return undefined;
  }
}

function isHead(head: Readonly<Record<string, unknown>>): boolean {
  const { n, run, newest, kind } = head;
  if (!isId(n) || !isId(newest) || typeof run !== 'string') return false;
  const fields = Object.hasOwn(fieldsOf, String(kind)) ? fieldsOf[kind as Dispatch['kind']] : undefined;
  return fields?.every((name) => typeof head[name] === 'string') ?? false;
}

function isEntry({ entry }: SizedEntry): boolean {
  return typeof entry.type === 'string' && typeof entry.peer?.id === 'string';
}

function isId(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** An entry without what its second line and its place give. */
interface Unfinished extends Pick<Entry, 'type' | 'roomId' | 'peer'> {
  cursor?: string;
  data?: JsonText;
  state?: JsonText;
}

/**
 * Parses entries with consecutive ids, as logs.lua describes them. Each has a line of fields, and a line with the text
 * of its `data` or `state`.
 */
export function toBatch(first: number, text: string): SizedEntry[] {
  const lines = text.split('\n');
  const batch: SizedEntry[] = [];
  for (let i = 0; i + 1 < lines.length; i += 2) {
    // Nothing else has this object, so it can be completed: a copy would take as long as everything else here.
    const entry = JSON.parse(lines[i] ?? '') as Unfinished;
    entry.cursor = String(first + i / 2);
    entry[entry.type === 'Signal' ? 'data' : 'state'] = JsonText.ofCompact(lines[i + 1] ?? 'null');
    batch.push(sizedEntry(entry as Entry));
  }
  return batch;
}
