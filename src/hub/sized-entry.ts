import type { Entry, SizedEntry } from './hub.ts';

/** The approximate size of an entry in memory without its payload: its object, its cursor, its place in a log. */
const overheadBytes = 256;

export function sizedEntry(entry: Entry): SizedEntry {
  const payload = entry.type === 'Signal' ? entry.data : entry.state;
  return { entry, bytes: payload.heldBytes + overheadBytes };
}
