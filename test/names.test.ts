import { describe, expect, test } from 'vitest';
import { faultOfName } from '../src/names.ts';

const flagOfScotland = '🏴\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}';

/** A text with the code of each character that cannot be seen, for the names of tests. */
function shown(text: string): string {
  const hidden = /[^\p{L}\p{N}\p{P}\p{S} ]|[\p{Default_Ignorable_Code_Point}\u2800\ufffc]/gu;
  return text
    .replace(hidden, (character) => `<${character.codePointAt(0)?.toString(16)}>`)
    .replace(/(.)\1{9,}/gu, (run, character) => `${character}×${[...run].length}`);
}

const namesOf = (texts: readonly string[]) => texts.map((text) => ({ text, shown: shown(text) }));

describe('a name is accepted', () => {
  test.each(
    namesOf([
      ...[
        'a',
        'a b',
        'Zo\u00eb',
        '日本',
        'עברית',
        'नमस्ते',
        '👩‍👩‍👧',
        '❤️',
        '1️⃣',
        '🇩🇪',
        'نام‌ها',
        '한글',
        '!',
        '⠓⠊',
      ],
      ...['x'.repeat(128), '😀'.repeat(128), '\u1100\u1160'],
      ...[flagOfScotland, `from ${flagOfScotland}${flagOfScotland}!`, '🏴', '🏴‍☠️'],
    ]),
  )('if it prints: $shown', ({ text }) => {
    expect(faultOfName('roomId', text)).toBeUndefined();
    expect(faultOfName('peerId', text)).toBeUndefined();
  });
});

describe('a name is refused', () => {
  test.each(['x'.repeat(129), '😀'.repeat(129), 'x'.repeat(1e6)])(
    'if it has too many characters: %#',
    (text) => {
      expect(faultOfName('roomId', text)).toContain('has too many characters');
    },
  );

  test('if it has more than 64 characters and is a username', () => {
    expect(faultOfName('username', 'x'.repeat(64))).toBeUndefined();
    expect(faultOfName('username', 'x'.repeat(65))).toBe(
      'has too many characters: use 1 to 64 printable characters, with something visible and no space at either end, in the Unicode form NFC',
    );
    expect(faultOfName('username', '')).toContain('has no characters');
  });

  test.each(
    namesOf([
      ...[
        'a\nb',
        'a\u0000',
        '\u007f',
        'a\u202eb',
        '\u2028',
        '\u2029',
        '\ud800',
        '\uffff',
        'a\u00adb',
        '\ufeff',
      ],
      // Tags outside a flag, without an end, without a beginning, and a flag with a hidden text.
      ...[
        'a\u{e0067}\u{e0062}\u{e0073}\u{e007f}',
        '🏴\u{e0067}\u{e0062}\u{e0065}',
        '\u{e007f}',
        '🏴\u{e007f}',
      ],
      `🏴${[...'ignore-all'].map((c) => String.fromCodePoint(0xe0000 + c.charCodeAt(0))).join('')}\u{e007f}`,
    ]),
  )('if it has characters that do not print: $shown', ({ text }) => {
    expect(faultOfName('roomId', text)).toContain('has characters that do not print');
  });

  test.each(namesOf([' a', 'a ', ' ', '\u00a0a', 'a\u3000', 'a\u2003', '\u1680a', 'a\u202f', 'a\u205f']))(
    'if it has white space at an end: $shown',
    ({ text }) => {
      expect(faultOfName('roomId', text)).toContain('has a space at an end');
      expect(faultOfName('peerId', text)).toContain('has a space at an end');
    },
  );

  test.each(
    namesOf([
      ...[
        '\u3164',
        '\u2800',
        '\u2800\u2800',
        '\u115f',
        '\u1160',
        '\u115f\u1160',
        '\uffa0',
        '\u034f',
        '\u17b5',
      ],
      ...[
        '\u200d',
        '\u200c\u200d',
        '\ufe0f',
        '\u{e0100}',
        '\u180b',
        '\u0301',
        '\u0301\u0302',
        '\u20dd',
        '\u093f',
      ],
      ...['\u3164 \u3164', '\ufffc', '\u{1d159}', '\u{13441}'],
    ]),
  )('if nothing in it is visible: $shown', ({ text }) => {
    expect(faultOfName('username', text)).toContain('has nothing visible');
    expect(faultOfName('peerId', text)).toContain('has nothing visible');
  });

  test.each(namesOf(['Zoe\u0308', '\u212b', '\u1112\u1161\u11ab', 'a\u0323\u0307b\u0307\u0323']))(
    'if it is not in NFC, unless it is the id of a peer: $shown',
    ({ text }) => {
      expect(faultOfName('username', text)).toContain('is not in the Unicode form NFC');
      expect(faultOfName('roomId', text.normalize('NFC'))).toBeUndefined();
      expect(faultOfName('peerId', text)).toBeUndefined();
    },
  );
});
