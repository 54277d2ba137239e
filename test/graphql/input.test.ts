import { describe, expect, it } from 'vitest';
import {
  checkCursor,
  checkEvent,
  checkHeartbeat,
  checkPayload,
  checkRoomId,
  checkUsername,
} from '../../src/graphql/input.ts';

const badInput = expect.objectContaining({ code: 'BAD_USER_INPUT' });

describe('a name', () => {
  it.each(['a', 'a b', 'Zoë', '日本', 'עברית', '👩‍👩‍👧', 'نام‌ها', 'x'.repeat(128), '😀'.repeat(128)])(
    'takes printable characters: %j',
    (name) => {
      expect(checkRoomId(name)).toBe(name);
    },
  );

  it.each([
    '',
    'x'.repeat(129),
    '😀'.repeat(129),
    'a\nb',
    'a\u0000',
    '\u007f',
    'a\u202eb',
    '\u2028',
    '\u2029',
    '\ud800',
    '\uffff',
  ])('takes nothing else: %j', (name) => {
    expect(() => checkRoomId(name)).toThrow(badInput);
  });

  it('says what was wrong, and what is taken', () => {
    expect(() => checkUsername('x'.repeat(65))).toThrow(
      '`username` has too many characters; it takes 1 to 64 printable ones.',
    );
    expect(() => checkUsername('')).toThrow('`username` has no characters; it takes 1 to 64 printable ones.');
    expect(() => checkRoomId('\t')).toThrow('`roomId` has characters that do not print');
  });
});

describe('an event', () => {
  it.each(['offer', 'a.b:c-d_1', 'x'.repeat(64)])('is a word: %j', (event) => {
    expect(checkEvent(event)).toBe(event);
  });
  it.each(['', 'a b', 'é', 'x'.repeat(65), 'a\n'])('is nothing else: %j', (event) => {
    expect(() => checkEvent(event)).toThrow(badInput);
  });
});

describe('a cursor', () => {
  it.each(['0', '7', '1795489760000000'])('is a decimal number: %j', (cursor) => {
    expect(checkCursor(cursor, 'it')).toBe(cursor);
  });
  it.each(['', '-1', '1.5', '007', 'abc', '1e3', ' 1', '1'.repeat(17)])('is nothing else: %j', (cursor) => {
    expect(() => checkCursor(cursor, 'it')).toThrow(badInput);
  });
});

describe('a heartbeat', () => {
  it('takes 5 to 300 seconds', () => {
    expect([checkHeartbeat(5), checkHeartbeat(300)]).toEqual([5, 300]);
    for (const seconds of [4, 301, 0, -1]) expect(() => checkHeartbeat(seconds)).toThrow(badInput);
  });
});

describe('a payload', () => {
  it('is measured in bytes of its JSON', () => {
    expect(checkPayload('data', 'é', 4)).toEqual({ value: 'é', text: '"é"' });
    expect(() => checkPayload('data', 'éé', 4)).toThrow(
      '`data` has 6 bytes as JSON; at most 4 are accepted.',
    );
  });

  it('is null where there is none', () => {
    expect(checkPayload('data', undefined, 4)).toEqual({ value: null, text: 'null' });
  });

  it.each(['{"__proto__":1}', '[{"a":{"__proto__":null}}]', '{"\\u005f_proto__":{}}'])(
    'must not have a key that pollutes: %s',
    (text) => {
      expect(() => checkPayload('data', JSON.parse(text), 1000)).toThrow(badInput);
    },
  );

  it.each([
    '"__proto__"',
    '"\\"__proto__\\":"',
    '{"a":"__proto__"}',
    '["\\"__proto__\\":1"]',
    '{"constructor":{}}',
  ])('may speak of such a key: %s', (text) => {
    expect(checkPayload('data', JSON.parse(text), 1000).value).toEqual(JSON.parse(text));
  });

  it('must not be nested deeper than can be written down', () => {
    const deep = JSON.parse(`${'['.repeat(100_000)}${']'.repeat(100_000)}`);
    expect(() => checkPayload('data', deep, 1e9)).toThrow('`data` is nested too deeply.');
  });
});
