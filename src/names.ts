/**
 * Printable characters: no control characters, line separators, lone surrogates, or marks that reverse text.
 * Joiners are allowed, because emoji and several scripts need them.
 */
const printable = /^(?:[^\p{C}\p{Zl}\p{Zp}]|[\u200c\u200d])+$/u;

/** The most characters (code points) of each kind of name. The least is one. */
export const maxNameCharacters = { roomId: 128, peerId: 128, username: 64, key: 64 } as const;

/** What is wrong with a name, or undefined. A name has from one to `maxCharacters` printable characters. */
export function faultOfName(value: string, maxCharacters: number): string | undefined {
  if (value === '') return 'has no characters';
  // A code point has at most two code units, so there is no need to count beyond this slice.
  if ([...value.slice(0, 2 * maxCharacters + 2)].length > maxCharacters) return 'has too many characters';
  return printable.test(value) ? undefined : 'has characters that do not print';
}
