import { describe, expect, it } from 'vitest';
import { Rights } from '../../src/auth/rights.ts';

const grant = (match: string, ...allow: string[]) => ({ match, allow });

describe('the rights of a token', () => {
  it('without a claim, or without `rooms`, are those of every room, without `moderate`', () => {
    for (const rights of [new Rights(), new Rights({}), new Rights({ guest: true, space: 'acme' })]) {
      for (const right of ['join', 'send', 'state'] as const) expect(rights.allow(right, 'any')).toBe(true);
      expect(rights.allow('moderate', 'any')).toBe(false);
      expect(rights.rooms).toBeUndefined();
    }
  });

  it('are none in rooms that no `match` fits', () => {
    const rights = new Rights({ rooms: [] });
    for (const right of ['join', 'send', 'state', 'moderate'] as const)
      expect(rights.allow(right, 'any')).toBe(false);
    expect(rights.rooms).toEqual([]);
  });

  it.each([
    ['team-7/*', 'team-7/a', true],
    ['team-7/*', 'team-7/', true],
    ['team-7/*', 'team-7', false],
    ['team-7/*', 'xteam-7/a', false],
    ['team-7', 'team-7', true],
    ['team-7', 'team-7/a', false],
    ['*', 'any', true],
    ['a*b', 'axb', false],
    ['a*b', 'a*b', true],
    ['what**', 'what*x', true],
    ['.*', 'any', false],
    ['Cafe\u0301/*', 'Caf\u00e9/1', true],
  ])('of the match %j in the room %j: %s', (match, room, expected) => {
    expect(new Rights({ rooms: [grant(match, 'join')] }).allow('join', room)).toBe(expected);
  });

  it('are those of all grants that fit together', () => {
    const rights = new Rights({ rooms: [grant('a/*', 'join'), grant('a/b', 'send'), grant('*', 'state')] });
    const of = (room: string) =>
      (['join', 'send', 'state', 'moderate'] as const).filter((right) => rights.allow(right, room));
    expect(of('a/b')).toEqual(['join', 'send', 'state']);
    expect(of('a/c')).toEqual(['join', 'state']);
    expect(of('c')).toEqual(['state']);
    expect(rights.rooms).toEqual(['a/*']);
  });

  it('include `send` for whoever may moderate, and neither `join` nor `state`', () => {
    const rights = new Rights({ rooms: [grant('r', 'moderate')] });
    expect(rights.allow('send', 'r')).toBe(true);
    expect(rights.allow('join', 'r')).toBe(false);
    expect(rights.allow('state', 'r')).toBe(false);
    expect(rights.rooms).toEqual([]);
  });

  it.each([
    ['{"rooms": []}', 'its claim `signalbox` is not an object'],
    [null, 'its claim `signalbox` is not an object'],
    [[], 'its claim `signalbox` is not an object'],
    [{ space: 7 }, 'its claim `signalbox.space` is not a string'],
    [{ space: null }, 'its claim `signalbox.space` is not a string'],
    [{ space: '' }, 'its `signalbox.space` has no characters'],
    [{ space: 'a\u001fb' }, 'its `signalbox.space` has characters that do not print'],
    [{ space: 'a'.repeat(65) }, 'its `signalbox.space` has too many characters'],
    [{ rooms: null }, 'its claim `signalbox.rooms` is not a list'],
    [{ rooms: { match: '*', allow: [] } }, 'its claim `signalbox.rooms` is not a list'],
    [{ rooms: ['*'] }, 'its claim `signalbox.rooms[0].match` is not a room'],
    [{ rooms: [grant('*'), { allow: ['join'] }] }, 'its claim `signalbox.rooms[1].match` is not a room'],
    [{ rooms: [{ match: '', allow: [] }] }, 'its claim `signalbox.rooms[0].match` is not a room'],
    [
      { rooms: [{ match: '*' }] },
      'its claim `signalbox.rooms[0].allow` is not a list of join, send, state, moderate',
    ],
    [{ rooms: [grant('*', 'moderat')] }, 'its claim `signalbox.rooms[0].allow` is not a list of join'],
    [
      { rooms: [{ match: '*', allow: 'join' }] },
      'its claim `signalbox.rooms[0].allow` is not a list of join',
    ],
  ])('are not read from a claim that is wrong: %j', (claim, why) => {
    expect(() => new Rights(claim)).toThrow(why);
    expect(() => new Rights(claim)).toThrow(expect.objectContaining({ code: 'UNAUTHENTICATED' }));
  });
});
