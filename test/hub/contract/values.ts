import { expect } from 'vitest';
import type { Story } from '../support.ts';

const oddIds = {
  emoji: '👩‍👩‍👧‍👦🦊',
  braces: '}{{tag}}',
  colons: 'a:b::c:',
  spaces: ' two  spaces ',
  quotes: `"double" 'single' \`back\``,
  backslashes: '\\n\\u0000\\',
  prototype: '__proto__',
  constructor: 'constructor',
  'glob signs': '*?[a-z]',
  percent: '%s%d%%',
  digits: '0',
  'a float': '1e3',
  'combining marks': 'e\u0301 is not \u00e9',
  '128 letters': 'x'.repeat(128),
  '128 wide letters': '漢'.repeat(128),
};

const oddValues = {
  null: null,
  true: true,
  false: false,
  zero: 0,
  'an empty string': '',
  'an empty array': [],
  'an empty object': {},
  'empty ones, nested': { a: [], o: {}, deep: [[], {}, [[]], [{}], null] },
  'large and small numbers': [1e300, -1e300, 5e-324, 0.1, 0.30000000000000004, -1.5, 1e21, 123456789012],
  'the largest exact integers': [Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, 2 ** 53],
  'text with quotes and line ends': 'a "b" \'c\' \\ \n \r\n \t \u2028 \u2029 \u0000 \u007f',
  'text of all scripts': 'Ünïcödé 漢字 عربى עברית 👩‍👩‍👧‍👦 \ud83d\ude00',
  'half a surrogate pair': '\ud83d',
  'text that looks like a message': 'event: next\nid: 1\ndata: {}\n\n',
  'text that looks like JSON': '{"type":"Connected"}',
  'odd keys': { '': 1, ' ': 2, constructor: 3, toString: 4, '"': 5, 'a.b': 6, '\n': 7, '10': 8, '9': 9 },
  'names of fields': { type: 'PeerRemoved', id: '1', roomId: 'r', peer: null, event: 1, data: [] },
  'sparse nulls': [null, null, [null], { a: null }],
  depth: JSON.parse(`${'['.repeat(200)}${']'.repeat(200)}`),
};

/** Ids and data come out as they went in. */
export function valueStories(story: Story): void {
  for (const [what, odd] of Object.entries(oddIds)) {
    story(`an id with ${what} is an id like any other`, async (stage) => {
      const ann = await stage.peer('ann', odd);
      const ben = await stage.peer('ben', `${odd.slice(0, 100)}2`);
      await ann.join(odd, 'a');
      expect(await ben.join(odd, 'b')).toEqual({ id: odd, peers: [ann.as('a'), ben.as('b')] });
      expect(await ann.take(1)).toMatchObject([{ roomId: odd, peer: { id: ben.id } }]);
      expect(await ben.take(1)).toMatchObject([{ roomId: odd, peer: { id: odd } }]);

      await ben.drop();
      await ann.relay(odd, ben, 'm', odd);
      await ann.broadcast(odd, 'm', odd);
      expect(await ben.resume()).toMatchObject({ resumed: true, rooms: [{ id: odd }] });
      expect(await ben.take(2)).toMatchObject([
        { roomId: odd, peer: ann.as('a'), data: odd },
        { roomId: odd, peer: ann.as('a'), data: odd },
      ]);
      expect((await ann.rooms()).map((room) => room.id)).toEqual([odd]);
      expect(await ann.room(`${odd} `)).toBeNull();
      expect(await ann.leave(odd)).toBe(true);
      expect(await ben.take(1)).toMatchObject([{ type: 'PeerRemoved', roomId: odd, peer: ann.as('a') }]);
    });
  }

  for (const [what, value] of Object.entries(oddValues)) {
    story(`data and state come out as they went in: ${what}`, async (stage) => {
      const ann = await stage.peer('ann');
      const [ben, vic] = await stage.roomOf('r', 'ben', 'vic');
      const peer = { id: ann.id, username: 'ann', state: value };
      await vic.drop();
      expect((await ann.join('r', value)).peers.at(-1)).toEqual(peer);
      await ann.relay('r', ben, 'm', value);
      await ann.broadcast('r', 'm', value);
      expect(await ann.setState('r', value)).toEqual(peer);
      expect((await ben.room('r'))?.peers.at(-1)).toEqual(peer);
      await ann.leave('r');

      const [added, relayed, ...rest] = await ben.take(5);
      expect(added).toMatchObject({ type: 'PeerAdded' });
      expect(relayed).toMatchObject({ type: 'Signal' });
      expect(rest.map((e) => e.type)).toEqual(['Signal', 'PeerChanged', 'PeerRemoved']);
      for (const entry of [added, relayed, ...rest]) expect(entry?.peer).toEqual(peer);
      for (const entry of [relayed, rest[0]]) expect(entry?.type === 'Signal' && entry.data).toEqual(value);

      await vic.resume();
      expect(await vic.take(4), 'and the same from what is kept').toEqual([added, ...rest]);
    });
  }
}
