import { JsonText } from '../../../json-text.ts';
import type { Entry, Member, Peer, SizedEntry } from '../../hub.ts';
import { sizedEntry } from '../../sized-entry.ts';
import { idIn } from '../../spaces.ts';

interface Numbered {
  /** Dispatches to a node have consecutive numbers: if one is skipped, the node missed it. */
  readonly n: number;
  /** The first 8 characters of the run id of the Redis that sends this. */
  readonly run: string;
  /** The newest id that the script gave before it sent this; 0: none. */
  readonly newest: number;
}

/** Entries for one stream. */
export interface ToPeer extends Numbered {
  readonly kind: 'peer';
  readonly stream: string;
  readonly batch: readonly SizedEntry[];
}

/** One text that a script publishes on a node's channel. `stream` is the name of one of the node's streams. */
export type Dispatch = Numbered &
  (
    | ToPeer
    | { readonly kind: 'peers'; readonly parts: readonly ToPeer[] }
    | { readonly kind: 'room'; readonly room: string; readonly batch: readonly SizedEntry[] }
    | {
        /** The stream's peer has joined the room, or was put out of it. */
        readonly kind: 'joined' | 'removed';
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
const fieldsOf: Readonly<Record<Exclude<Dispatch['kind'], 'peer'>, readonly ('stream' | 'room')[]>> = {
  peers: [],
  room: ['room'],
  joined: ['stream', 'room'],
  removed: ['stream', 'room'],
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
    if (head.kind === 'peers') return toPeers(head, message.slice(end + 1));
    // The id of the first entry. The other entries have the ids that follow it.
    const { first } = head;
    head.batch = end === -1 ? [] : toBatch(first, message.slice(end + 1));
    return end === -1 || (isId(first) && head.batch.every(isEntry)) ? head : undefined;
  } catch {
    return undefined;
  }
}

/** Each part has a line with the entry's id and the stream's name, and the three lines of one entry. */
function toPeers({ n, run, newest }: Numbered, text: string): Dispatch | undefined {
  const lines = text.split('\n');
  const parts: ToPeer[] = [];
  for (let i = 0; i < lines.length; i += 4) {
    const [place = '', fields = '', peer = '', data] = lines.slice(i, i + 4);
    const space = place.indexOf(' ');
    const id = Number(place.slice(0, space));
    if (data === undefined || space <= 0 || !isId(id)) return undefined;
    const member = { peer: JSON.parse(peer), state: JsonText.ofCompact(data) };
    const batch = [sizedEntry(toEntry(toShared(fields), id, member))];
    parts.push({ n, run, newest, kind: 'peer', stream: place.slice(space + 1), batch });
  }
  const areEntries = parts.every(({ batch }) => batch.every(isEntry));
  return areEntries ? { n, run, newest, kind: 'peers', parts } : undefined;
}

function isHead(head: Readonly<Record<string, unknown>>): boolean {
  const { n, run, newest, kind } = head;
  if (!isId(n) || !isId(newest) || typeof run !== 'string') return false;
  const fields = Object.hasOwn(fieldsOf, String(kind)) ? fieldsOf[kind as keyof typeof fieldsOf] : undefined;
  return fields?.every((name) => typeof head[name] === 'string') ?? false;
}

function isEntry({ entry }: SizedEntry): boolean {
  return typeof entry.type === 'string' && typeof entry.peer?.id === 'string';
}

function isId(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** The fields that the entries of a batch share. */
type Shared = Pick<Entry, 'type' | 'roomId'>;

/**
 * Parses entries with consecutive ids, as logs.lua describes them: a line with the fields that they share, and two lines
 * for each.
 */
export function toBatch(first: number, text: string): SizedEntry[] {
  const end = text.indexOf('\n');
  const shared = toShared(text.slice(0, end));
  return toMembers(text.slice(end + 1)).map((member, i) => sizedEntry(toEntry(shared, first + i, member)));
}

/** Reads a line of shared fields. Scripts write the full id of the room, and entries have the id alone. */
function toShared(line: string): Shared {
  const shared = JSON.parse(line) as Shared;
  return { ...shared, roomId: idIn(shared.roomId) };
}

function toEntry(shared: Shared, id: number, { peer, state }: Member): Entry {
  const cursor = String(id);
  const entry =
    shared.type === 'Signal' ? { ...shared, cursor, peer, data: state } : { ...shared, cursor, peer, state };
  return entry as Entry;
}

/**
 * Parses pairs of lines: a peer, and its state or what it sent. If the ids of joins are in front of the peers, these ids
 * give the order.
 */
export function toMembers(text: string): Member[] {
  const lines = text.split('\n');
  const members: { readonly join: number; readonly member: Member }[] = [];
  for (let i = 0; i < lines.length; i += 2) {
    const [line = '', state] = [lines[i], lines[i + 1]];
    if (state === undefined) throw new SyntaxError('A line is missing.');
    const start = line.indexOf('{');
    const peer = JSON.parse(line.slice(start)) as Peer;
    members.push({ join: Number(line.slice(0, start)), member: { peer, state: JsonText.ofCompact(state) } });
  }
  return members.sort((a, b) => a.join - b.join).map(({ member }) => member);
}
