/**
 * Characters that print: no control characters, line separators, lone surrogates, or marks that
 * turn text around. The joiners stay, since emoji and several scripts are written with them.
 */
const printable = /^(?:[^\p{C}\p{Zl}\p{Zp}]|[\u200c\u200d])+$/u;

/** The most characters (code points) of each. */
export const longestName = { roomId: 128, peerId: 128, username: 64 } as const;

/** What is wrong with a name, or undefined: it takes from one printable character to so many. */
export function faultOfName(value: string, longest: number): string | undefined {
  if (value === '') return 'has no characters';
  if ([...value.slice(0, 2 * longest + 2)].length > longest) return 'has too many characters';
  return printable.test(value) ? undefined : 'has characters that do not print';
}
