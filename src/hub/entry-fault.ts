import { SignalboxError } from '../errors.ts';

/** Why a peer cannot enter a room. */
export type EntryFault = 'ROOM_FULL' | 'TOO_MANY_ROOMS' | 'PAYLOAD_TOO_LARGE';

const reasons: Readonly<Record<EntryFault, string>> = {
  ROOM_FULL: 'it is full',
  TOO_MANY_ROOMS: 'you would be in more rooms than allowed',
  PAYLOAD_TOO_LARGE: 'your state there is too large together with the states of the other members',
};

/** The error of `messages(join:)` if a room cannot be entered. Without a room: all of them together are too large. */
export function cannotEnter(fault: EntryFault, roomId: string): SignalboxError {
  const what =
    roomId === ''
      ? 'Your rooms would be too large for one response: name fewer rooms in `join`, and enter the others with `joinRoom`.'
      : `You cannot enter the room "${roomId}", which \`join\` names: ${reasons[fault]}.`;
  return new SignalboxError(fault, `${what} You have entered none of the rooms.`);
}
