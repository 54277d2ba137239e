import type { Peer } from './hub.ts';

/** Between a space and an id. Neither has it, because both consist of characters that print. */
const separator = '\u001f';

/**
 * The full id of a peer or a room: its id, with its space in front. Hubs keep peers and rooms by their full ids, so those
 * of one space never meet those of another. Clients see only the id.
 */
export function fullId(space: string | undefined, id: string): string {
  return space === undefined ? id : space + separator + id;
}

export function fullIdOf({ space, id }: Pick<Peer, 'id' | 'space'>): string {
  return fullId(space, id);
}

/** The id in a full id. */
export function idIn(full: string): string {
  return full.slice(full.indexOf(separator) + 1);
}
