import { readFileSync } from 'node:fs';
import { logBounds as defaultLogBounds, keyLifeMs, maxReceipts, retentionMs } from '../../bounds.ts';
import type { HubOptions } from '../../hub.ts';
import { removalMs as defaultRemovalMs } from '../../pass.ts';

/** Each script is a file in lua/, whose header describes its arguments, its reply and its errors. */
export const scriptNames = [
  'beat',
  'broadcast',
  'close_room',
  'detach',
  'held',
  'join',
  'leave',
  'open',
  'relay',
  'remove_peer',
  'renew',
  'retire',
  'room',
  'rooms',
  'send',
  'set_clock',
  'set_state',
  'sync',
] as const;

export type ScriptName = (typeof scriptNames)[number];

/** The line of a script's or a library's header that names the libraries whose functions it uses. */
const header = /^-- Libraries: (.+)$/m;

const folder = new URL('./lua/', import.meta.url);

/** A file of Lua, and the names of the libraries in lua/lib/ whose functions it uses. */
export interface LuaFile {
  readonly text: string;
  readonly libraries: readonly string[];
}

/** Reads a file by its path in lua/, without the extension: `relay`, `lib/keys`. */
export function readLua(path: string): LuaFile {
  const text = readFileSync(new URL(`${path}.lua`, folder), 'utf8');
  return { text, libraries: header.exec(text)?.[1]?.split(', ') ?? [] };
}

/** Numbers that do not change while a node runs. Every script and library has them as locals. */
export type LuaConstants = Readonly<Record<string, number>>;

export type ConstantOptions = Pick<
  HubOptions,
  'graceMs' | 'maxRoomBytes' | 'maxPeersPerRoom' | 'maxRoomsPerPeer' | 'removalMs'
>;

export function luaConstants(options: ConstantOptions, logBounds = defaultLogBounds): LuaConstants {
  const { graceMs, maxRoomBytes, maxPeersPerRoom, maxRoomsPerPeer, removalMs = defaultRemovalMs } = options;
  return {
    // The bounds of a log; the bytes are of its entries' JSON.
    max_entries: logBounds.maxEntries,
    max_bytes: logBounds.maxBytes,
    // After how many new entries a log is trimmed. So a log may exceed `max_entries` by as many.
    trim_step: Math.min(32, Math.max(1, Math.floor(logBounds.maxEntries / 128))),
    // How many receipts of messages with a key a session remembers.
    max_receipts: maxReceipts,
    // How long a log keeps an entry.
    retention_ms: retentionMs(graceMs),
    // How long a key lives if no node keeps it.
    ttl_ms: keyLifeMs(graceMs),
    grace_ms: graceMs,
    // How long a peer that was put out of a room may not come back.
    removal_ms: removalMs,
    // The most peers that a room takes, and the most rooms that a peer may be in.
    max_peers: maxPeersPerRoom,
    max_rooms: maxRoomsPerPeer,
    // The bytes of JSON that all members of a room may take together, and those that one member may always take.
    max_room_bytes: maxRoomBytes,
    peer_share: maxRoomBytes / maxPeersPerRoom,
  };
}

/** With this first line, Dragonfly lets a script use keys that it does not declare. For Redis it is a comment. */
const flags = '--!df flags=allow-undeclared-keys';

/** A part of a library or a constant: `local <names> …` at the beginning of a line, up to the next such line. */
interface Definition {
  readonly names: readonly string[];
  readonly text: string;
}

/**
 * The text of a script for Redis: the definitions that the script uses, from the constants and from its libraries, and
 * then the script itself. Redis runs all of this text with each call, and whole libraries would take longer than some
 * scripts.
 */
export function composeScript(name: ScriptName, constants: LuaConstants): string {
  const script = readLua(name);
  const libraries = new Map<string, string>();
  for (const library of script.libraries) addLibrary(libraries, library);
  const definitions = [
    ...Object.entries(constants).map(toConstant),
    ...[...libraries.values()].flatMap(toDefinitions),
  ];
  const used = new Set(wordsOf(script.text));
  const reached: string[] = [];
  // A definition uses only those before it.
  for (const { names, text } of definitions.reverse()) {
    if (!names.some((each) => used.has(each))) continue;
    reached.unshift(text);
    for (const word of wordsOf(text)) used.add(word);
  }
  return [flags, ...reached, script.text].join('\n');
}

/** Adds a library behind those that it needs. */
function addLibrary(texts: Map<string, string>, name: string): void {
  if (texts.has(name)) return;
  const { text, libraries } = readLua(`lib/${name}`);
  for (const needed of libraries) addLibrary(texts, needed);
  texts.set(name, text);
}

/** The definitions of a library, without the comments between them. */
function toDefinitions(library: string): Definition[] {
  const [, ...texts] = library.replace(/^--.*\n/gm, '').split(/^(?=local )/m);
  return texts.map((text) => ({ names: definedNames(text), text: text.trimEnd() }));
}

/** `local function name(…)`, `local name` or `local name, other = …` */
function definedNames(text: string): string[] {
  const [, names = ''] = /^local (?:function )?(\w+(?:, \w+)*)/.exec(text) ?? [];
  return names.split(', ');
}

/** The words of the code that can name a definition: those outside of comments and strings, and not behind a dot. */
function wordsOf(text: string): Iterable<string> {
  const code = text.replace(/--.*$/gm, '').replace(/'[^'\n]*'/g, "''");
  return code.match(/(?<![.\w])[a-z_]\w*/g) ?? [];
}

/** JavaScript writes a number as the shortest text for the same double, and Lua reads that double from it. */
function toConstant([name, value]: [string, number]): Definition {
  if (!Number.isFinite(value)) throw new RangeError(`${name} must be a finite number`);
  return { names: [name], text: `local ${name} = ${value}` };
}
