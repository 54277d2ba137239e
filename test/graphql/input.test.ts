import { describe, expect, it } from 'vitest';
import {
  checkCursor,
  checkEvent,
  checkHeartbeat,
  checkKey,
  checkPayload,
  checkRoomId,
  checkUsername,
} from '../../src/graphql/input.ts';
import { JsonText } from '../../src/json-text.ts';

const badInput = expect.objectContaining({ code: 'BAD_USER_INPUT' });

describe('names', () => {
  it('the error of a refused name says what is wrong and what is accepted', () => {
    expect(() => checkUsername('x'.repeat(65))).toThrow(
      '`username` has too many characters: use 1 to 64 printable characters, with something visible and no space at either end, in the Unicode form NFC.',
    );
    expect(() => checkUsername('')).toThrow('`username` has no characters: use 1 to 64 printable characters');
    expect(() => checkRoomId('\t')).toThrow('`roomId` has characters that do not print: use 1 to 128');
    expect(() => checkRoomId('')).toThrow(badInput);
    expect(checkRoomId('lobby')).toBe('lobby');
  });
});

describe('checkKey', () => {
  it('checkKey accepts an absent key, and 1 to 64 printable characters', () => {
    expect([checkKey(undefined), checkKey(null)]).toEqual([undefined, undefined]);
    expect(checkKey('k'.repeat(64))).toBe('k'.repeat(64));
    for (const key of ['', 'k'.repeat(65), 'a\n']) expect(() => checkKey(key)).toThrow(badInput);
  });
});

describe('checkEvent', () => {
  it.each(['offer', 'a.b:c-d_1', 'x'.repeat(64)])(
    'checkEvent accepts 1 to 64 letters, digits, `_`, `.`, `:` or `-`: %j',
    (event) => {
      expect(checkEvent(event)).toBe(event);
    },
  );
  it.each(['', 'a b', 'é', 'x'.repeat(65), 'a\n'])('checkEvent refuses everything else: %j', (event) => {
    expect(() => checkEvent(event)).toThrow(badInput);
  });
});

describe('checkCursor', () => {
  it.each(['0', '7', '1795489760000000'])('checkCursor accepts a decimal number: %j', (cursor) => {
    expect(checkCursor(cursor, 'after')).toBe(cursor);
  });
  it.each(['', '-1', '1.5', '007', 'abc', '1e3', ' 1', '1'.repeat(17)])(
    'checkCursor refuses everything else: %j',
    (cursor) => {
      expect(() => checkCursor(cursor, 'after')).toThrow(badInput);
    },
  );
});

describe('checkHeartbeat', () => {
  it('checkHeartbeat accepts 5 to 300 seconds', () => {
    expect([checkHeartbeat(5), checkHeartbeat(300)]).toEqual([5, 300]);
    for (const seconds of [4, 301, 0, -1]) expect(() => checkHeartbeat(seconds)).toThrow(badInput);
  });
});

describe('checkPayload', () => {
  it('checkPayload measures a value by the bytes of its JSON', () => {
    expect(checkPayload('data', JsonText.of('"é"'), 4).text).toBe('"é"');
    expect(() => checkPayload('data', JsonText.of('"éé"'), 4)).toThrow(
      '`data` has 6 bytes as JSON; at most 4 are accepted.',
    );
  });

  it('checkPayload turns an absent value into null', () => {
    expect(checkPayload('data', undefined, 4).text).toBe('null');
    expect(checkPayload('data', null, 4).text).toBe('null');
  });

  it.each(['{"__proto__":1}', '[{"a":{"__proto__":null}}]', '{"\\u005f_proto__":{}}'])(
    'checkPayload refuses a key `__proto__`: %s',
    (text) => {
      expect(() => checkPayload('data', JsonText.of(text), 1000)).toThrow(badInput);
    },
  );

  it.each([
    '"__proto__"',
    '"\\"__proto__\\":"',
    '{"a":"__proto__"}',
    '["\\"__proto__\\":1"]',
    '{"constructor":{}}',
  ])('checkPayload accepts `__proto__` in text, and other keys: %s', (text) => {
    expect(checkPayload('data', JsonText.of(text), 1000).text).toBe(text);
  });

  it('checkPayload refuses a value that is nested too deeply', () => {
    const deep = JsonText.of(`${'['.repeat(100_000)}${']'.repeat(100_000)}`);
    expect(() => checkPayload('data', deep, 1e9)).toThrow('`data` is nested too deeply.');
  });
});
