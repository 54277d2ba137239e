import { tokenError, tokenFaults } from '../errors.ts';
import { matches } from '../hub/pass.ts';
import { faultOfName } from '../names.ts';

/**
 * What a token may allow in a room:
 *
 * - `join`: to be in it, and read it.
 * - `send`: `relay` and `broadcast`.
 * - `state`: to have a state, and change it.
 * - `moderate`: to read it, send to it, put peers out of it and close it, without being in it.
 */
const rights = ['join', 'send', 'state', 'moderate'] as const;
export type Right = (typeof rights)[number];

interface Grant {
  /** The id of a room, or the beginning of one with a `*` behind. */
  readonly match: string;
  readonly allow: readonly Right[];
}

/** Without grants: all rooms, and all rights but `moderate`. */
const everywhere: readonly Grant[] = [{ match: '*', allow: ['join', 'send', 'state'] }];

/** The claim `signalbox` of a token. */
export class Rights {
  /** Undefined: that of tokens that name none. */
  readonly space: string | undefined;
  /** Whether the mutation `access` made the token. */
  readonly guest: boolean;
  readonly #grants: readonly Grant[] | undefined;

  /** Throws UNAUTHENTICATED if the claim is not what it should be: then nobody knows what the token may do. */
  constructor(claim: unknown = {}) {
    if (!isObject(claim)) throw tokenError(tokenFaults.badRights('', 'an object'));
    this.guest = claim.guest === true;
    this.space = readSpace(claim.space);
    this.#grants = readGrants(claim.rooms);
  }

  /** Whether the token allows this in the room. Who may moderate a room may also send to it. */
  allow(right: Right, roomId: string): boolean {
    return (this.#grants ?? everywhere).some(
      ({ match, allow }) =>
        matches(match, roomId) && (allow.includes(right) || (right === 'send' && allow.includes('moderate'))),
    );
  }

  /** The rooms in which the token lets its peer be: their ids, or beginnings with a `*` behind. Undefined: all rooms. */
  get rooms(): readonly string[] | undefined {
    return this.#grants?.filter(({ allow }) => allow.includes('join')).map(({ match }) => match);
  }
}

function readSpace(space: unknown): string | undefined {
  if (space === undefined) return undefined;
  if (typeof space !== 'string') throw tokenError(tokenFaults.badRights('space', 'a string'));
  const fault = faultOfName('space', space);
  if (fault) throw tokenError(tokenFaults.invalidName('signalbox.space', fault));
  return space;
}

function readGrants(rooms: unknown): readonly Grant[] | undefined {
  if (rooms === undefined) return undefined;
  if (!Array.isArray(rooms)) throw tokenError(tokenFaults.badRights('rooms', 'a list'));
  return rooms.map((grant: unknown, i) => {
    const { match, allow } = isObject(grant) ? grant : {};
    if (typeof match !== 'string' || match === '') {
      throw tokenError(
        tokenFaults.badRights(`rooms[${i}].match`, "a room's id, or the beginning of one with a `*` behind"),
      );
    }
    if (!Array.isArray(allow) || !allow.every(isRight)) {
      throw tokenError(tokenFaults.badRights(`rooms[${i}].allow`, `a list of ${rights.join(', ')}`));
    }
    // As the ids of rooms are.
    return { match: match.normalize('NFC'), allow };
  });
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isRight(value: unknown): value is Right {
  return rights.includes(value as Right);
}
