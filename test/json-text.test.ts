import { describe, expect, it } from 'vitest';
import { elementsOf, JsonText, membersOf, writeJson } from '../src/json-text.ts';

/** Values of every kind, among them those that a parser would change or fail on. */
const texts = [
  'null',
  'true',
  '0',
  '-0',
  '1e400',
  '750727362669608961',
  '1.10',
  '""',
  String.raw`"a \"quoted\" word, [a bracket] and a \\"`,
  String.raw`"\\\\"`,
  String.raw`"\ud800"`,
  '"\u2028"',
  '[]',
  '{}',
  '[1,[2,[]],{}]',
  '{"b":1,"a":2,"b":3}',
  '{"10":1,"9":2,"":0}',
  String.raw`{"\"":"}","]":["{"]}`,
];

describe('JsonText', () => {
  it.each(texts)('G12: JsonText keeps the text %s', (text) => {
    expect(JsonText.of(text).text).toBe(text);
  });

  it.each(texts)(
    'G12: JsonText drops the white space around and between the tokens of %s, and none in its strings',
    (text) => {
      const value = `{"a b":[${text},"  c\\td  "]}`;
      const spread = ` {\n"a b"\r\n:\t[ ${text} , "  c\\td  "\n]\n} `;
      expect(JsonText.of(spread).text).toBe(value);
    },
  );

  it('JsonText counts levels of arrays and objects', () => {
    expect(JsonText.of('"[[["').depth).toBe(0);
    expect(JsonText.of('[[],[[]],{}]').depth).toBe(3);
  });

  it('JsonText counts bytes of UTF-8, not characters', () => {
    expect(JsonText.of('"€"').bytes).toBe(5);
  });

  it('JsonText finds a key on every level, however it is escaped, and no string that only looks like one', () => {
    expect(JsonText.of('{"a":[{"__proto__":1}]}').hasKey('__proto__')).toBe(true);
    expect(JsonText.of(String.raw`{"\u005f_proto__":1}`).hasKey('__proto__')).toBe(true);
    expect(
      JsonText.of('{"a":{"__proto__":1},"a":1}').hasKey('__proto__'),
      'in a value that another hides',
    ).toBe(true);
    expect(JsonText.of('["__proto__",":"]').hasKey('__proto__')).toBe(false);
    expect(JsonText.of(String.raw`"\"__proto__\":1"`).hasKey('__proto__')).toBe(false);
  });

  it.each([
    ['brackets', `[${'{},'.repeat(300_000)}0]`],
    ['escaped quotes', `"${'\\"'.repeat(500_000)}"`],
    ['backslashes', `"${'\\\\'.repeat(500_000)}"`],
  ])(
    'JsonText reads a megabyte of %s in a time that grows with the length and not with its square',
    (_what, text) => {
      expect(JsonText.of(text).text).toHaveLength(text.length);
    },
  );
});

describe('members and elements', () => {
  it('membersOf and elementsOf return the texts of the parts, despite white space and escaped names', () => {
    const members = membersOf(String.raw` { "a" : [ 1 , 2 ] , "\u0062":{"c":"}"} } `);
    expect(Array.from(members)).toEqual([
      ['a', '[ 1 , 2 ]'],
      ['b', '{"c":"}"}'],
    ]);
    expect(elementsOf(' [ 1 , "a,b" , [ 2 ] ] ')).toEqual(['1', '"a,b"', '[ 2 ]']);
    expect([membersOf('{ }').size, elementsOf('[ ]')]).toEqual([0, []]);
  });

  it('membersOf returns the last of several members with one name, as JSON.parse does', () => {
    expect(membersOf('{"a":1,"a":2}').get('a')).toBe('2');
  });
});

describe('writeJson', () => {
  it('G12: writeJson writes a JsonText as its text, in objects and lists', () => {
    const value = { data: JsonText.of('{"n":1e400}'), list: [JsonText.null, 'a'], none: undefined };
    expect(writeJson(value)).toBe('{"data":{"n":1e400},"list":[null,"a"]}');
  });

  it('writeJson writes all other values as JSON.stringify does', () => {
    const value = { a: [1, 'é"\u2028', null, true, undefined], b: {}, c: [], d: new Date(0), e: Number.NaN };
    expect(writeJson(value)).toBe(JSON.stringify(value));
  });
});
