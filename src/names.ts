/** The kinds of names that clients and applications choose, and the most characters (code points) of each. */
const maxCharacters = { roomId: 128, peerId: 128, username: 64, space: 64, key: 64 } as const;

export type NameKind = keyof typeof maxCharacters;

/**
 * The flags of England, Scotland, Wales and other parts of countries: a black flag, the letters of the part as
 * tags, and the end of the tags. Elsewhere, tags do not print, and could hide text in a name.
 */
const tagFlag = String.raw`\u{1f3f4}[\u{e0030}-\u{e0039}\u{e0061}-\u{e007a}]{3,6}\u{e007f}`;

/**
 * Printable characters: no control characters, line separators, lone surrogates, or marks that reverse text.
 * Joiners are allowed, because emoji and several scripts need them.
 */
const printable = new RegExp(String.raw`^(?:${tagFlag}|[^\p{C}\p{Zl}\p{Zp}]|[\u200c\u200d])+$`, 'u');

const spaceAtAnEnd = /^\p{White_Space}|\p{White_Space}$/u;

/**
 * A character that leaves ink by itself. Combining marks need one to stand on. The last ones listed are symbols
 * by their category and yet blank: a Braille pattern without dots, a musical note without a head, two blanks of
 * Egyptian hieroglyphs, and the place of an object that is not there.
 */
const visible =
  /[^\p{White_Space}\p{Default_Ignorable_Code_Point}\p{M}\u2800\u{1d159}\u{13441}\u{13442}\ufffc]/u;

/** What most names are, and nothing is wrong with: printable ASCII without a space at either end. */
const plain = /^[!-~](?:[ -~]*[!-~])?$/;

/**
 * What is wrong with a name, and what is accepted, to follow "it" or the name's own name. Undefined if nothing is.
 *
 * A `peerId` need not be in NFC: it is an application's own id, and only ever compared. Nobody sees a `key`, so it only
 * has to be printable.
 */
export function faultOfName(kind: NameKind, value: string): string | undefined {
  const max = maxCharacters[kind];
  if (value.length <= max && plain.test(value)) return undefined;
  if (kind === 'key') {
    const fault = faultOfCharacters(value, max);
    return fault && `${fault}: use 1 to ${max} printable characters`;
  }
  const fault = faultOf(value, max) ?? (kind === 'peerId' ? undefined : faultOfForm(value));
  if (fault === undefined) return undefined;
  const form = kind === 'peerId' ? '' : ', in the Unicode form NFC';
  return `${fault}: use 1 to ${max} printable characters, with something visible and no space at either end${form}`;
}

function faultOfCharacters(value: string, max: number): string | undefined {
  if (value === '') return 'has no characters';
  // A code point has at most two code units, so there is no need to count beyond this slice.
  if ([...value.slice(0, 2 * max + 2)].length > max) return 'has too many characters';
  return printable.test(value) ? undefined : 'has characters that do not print';
}

function faultOf(value: string, max: number): string | undefined {
  const fault = faultOfCharacters(value, max);
  if (fault !== undefined) return fault;
  if (spaceAtAnEnd.test(value)) return 'has a space at an end';
  return visible.test(value) ? undefined : 'has nothing visible';
}

/** Two texts that look the same are the same text in NFC: an `é` may be one character, or an `e` and an accent. */
function faultOfForm(value: string): string | undefined {
  return value.normalize('NFC') === value ? undefined : 'is not in the Unicode form NFC';
}
