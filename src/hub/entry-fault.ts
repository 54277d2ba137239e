import { SignalboxError } from '../errors.ts';
import { idIn } from './spaces.ts';

/** Why a peer cannot enter a room. */
export type EntryFault = 'ROOM_FULL' | 'TOO_MANY_ROOMS' | 'PAYLOAD_TOO_LARGE' | 'FORBIDDEN' | 'UNAVAILABLE';

const statesFull =
  'This node holds as many states of members as it may, or your address as many as its share. Leave a room, or try again in a moment.';

/** The error of `joinRoom` and `setState`. */
export function entryError(fault: EntryFault): SignalboxError {
  return fault === 'UNAVAILABLE' ? new SignalboxError(fault, statesFull) : new SignalboxError(fault);
}

const reasons: Readonly<Record<EntryFault, string>> = {
  ROOM_FULL: 'it is full',
  TOO_MANY_ROOMS: 'you would be in more rooms than allowed',
  PAYLOAD_TOO_LARGE: 'your state there is too large together with the states of the other members',
  FORBIDDEN: 'you were put out of it; come back with a newer token, or ten minutes later',
  UNAVAILABLE: 'this node holds as many states of members as it may, or your address as many as its share',
};

/** The error of `messages(join:)` if a room cannot be entered. `roomId`: its full id. Without a room: all of them together are too large. */
export function cannotEnter(fault: EntryFault, roomId: string): SignalboxError {
  const what =
    roomId === ''
      ? 'Your rooms would be too large for one response: name fewer rooms in `join`, and enter the others with `joinRoom`.'
      : `You cannot enter the room "${idIn(roomId)}", which \`join\` names: ${reasons[fault]}.`;
  return new SignalboxError(fault, `${what} You have entered none of the rooms.`);
}
