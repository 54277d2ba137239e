import type { Right } from '../auth/rights.ts';
import type { Caller } from '../auth/tokens.ts';
import { notAllowed } from '../errors.ts';
import type { Join } from '../hub/hub.ts';
import type { Moderator } from '../hub/moderation.ts';
import { fullId } from '../hub/spaces.ts';
import type { JsonText } from '../json-text.ts';
import { checkRoomId } from './input.ts';

/**
 * Checks that the caller's token allows this in a room, and returns the room's full id. Throws FORBIDDEN: the same for
 * every room, so it tells nothing about the room (G16).
 */
export function allowed({ space, rights }: Caller, right: Right, roomId: string): string {
  const checked = checkRoomId(roomId);
  if (!rights.allow(right, checked)) throw notAllowed(right);
  return fullId(space, checked);
}

/** The full id of a room that the caller may read, and the caller as its moderator, if it may moderate the room. */
export function readable(caller: Caller, roomId: string): { full: string; moderator?: Moderator } {
  const checked = checkRoomId(roomId);
  const { rights, space, pass } = caller;
  const full = fullId(space, checked);
  if (rights.allow('moderate', checked)) return { full, moderator: { peer: peerOf(caller), pass } };
  return { full: allowed(caller, 'join', checked) };
}

/** Checks that the caller's token allows it to enter a room with this state. Returns the room's full id. */
export function enterable(caller: Caller, roomId: string, state: JsonText): string {
  if (state.text !== 'null') allowed(caller, 'state', roomId);
  return allowed(caller, 'join', roomId);
}

/** Checks that the caller's token allows it to enter these rooms, which then have full ids. */
export function allEnterable(caller: Caller, joins: readonly Join[]): readonly Join[] {
  return joins.map(({ roomId, state }) => ({ roomId: enterable(caller, roomId, state), state }));
}

/** The caller as a hub knows it. */
export function peerOf({ id, username, guest, space }: Caller) {
  return { id, username, guest, space };
}
