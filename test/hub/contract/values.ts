import { expect } from 'vitest';
import { JsonText } from '../../../src/json-text.ts';
import { payload } from '../peer.ts';
import type { Story } from '../support.ts';

const oddIds = {
  emoji: '👩‍👩‍👧‍👦🦊',
  braces: '}{{tag}}',
  colons: 'a:b::c:',
  spaces: ' two  spaces ',
  quotes: `"double" 'single' \`back\``,
  backslashes: '\\n\\u0000\\',
  'the word __proto__': '__proto__',
  'the word constructor': 'constructor',
  'glob characters': '*?[a-z]',
  'percent signs': '%s%d%%',
  'only digits': '0',
  'only a float': '1e3',
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
  'empty values, nested': { a: [], o: {}, deep: [[], {}, [[]], [{}], null] },
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
  'numbers beyond a double': JsonText.of('[750727362669608961,1e400,-0,1.10,0.1000]'),
  'keys in no order, and twice': JsonText.of('{"b":1,"a":2,"b":3,"10":4,"9":5}'),
  'escapes as they were written': JsonText.of(String.raw`"\u0041\/\ud800"`),
};

/** A hub gives back peers, ids, data and states unchanged (G12). */
export function valueStories(story: Story): void {
  for (const guest of [true, false]) {
    story(
      `a peer with guest: ${guest} looks the same in Connected, in members and in entries`,
      async (stage) => {
        const ann = await stage.peer('ann', { guest });
        const peer = { id: ann.id, username: 'ann', guest };
        const [ben, vic] = await stage.roomOf('r', 'ben', 'vic');
        await vic.drop();
        expect((await ann.join('r')).members.at(-1)?.peer).toEqual(peer);
        expect((await ann.setState('r', 1)).peer).toEqual(peer);
        expect((await ben.room('r'))?.members.at(-1)?.peer).toEqual(peer);
        await ann.broadcast('r', 'm');
        await ann.drop();
        const resumed = await ann.resume();
        expect(resumed.peer).toEqual(peer);
        expect(resumed.rooms?.[0]?.members.at(-1)?.peer).toEqual(peer);
        await ann.leave('r');
        await ann.join('r');
        expect((await ann.open()).peer).toEqual(peer);

        const entries = await ben.take(6);
        const change = ['PeerAdded', 'PeerRemoved'];
        expect(entries.map((e) => e.type)).toEqual([
          'PeerAdded',
          'PeerChanged',
          'Signal',
          'PeerRemoved',
          ...change,
        ]);
        for (const entry of entries) expect(entry.peer, entry.type).toEqual(peer);
        const { rooms } = await vic.resume();
        expect(rooms?.[0]?.members.map((member) => member.peer)).toEqual([ben.peer, vic.peer]);
        expect(await vic.take(6), 'a resume brings the same entries').toEqual(entries);
      },
    );
  }

  for (const [what, odd] of Object.entries(oddIds)) {
    story(`ids of peers and rooms may contain ${what}`, async (stage) => {
      const ann = await stage.peer('ann', { id: odd });
      const ben = await stage.peer('ben', { id: `${odd.slice(0, 100)}2` });
      await ann.join(odd, 'a');
      expect(await ben.join(odd, 'b')).toEqual({ id: odd, members: [ann.as('a'), ben.as('b')] });
      expect(await ann.take(1)).toMatchObject([{ roomId: odd, peer: { id: ben.id } }]);
      expect(await ben.take(1)).toMatchObject([{ roomId: odd, peer: { id: odd } }]);

      await ben.drop();
      await ann.relay(odd, ben, 'm', odd);
      await ann.broadcast(odd, 'm', odd);
      expect(await ben.resume()).toMatchObject({ resumed: true, rooms: [{ id: odd }] });
      expect(await ben.take(2)).toMatchObject([
        { roomId: odd, peer: ann.peer, data: payload(odd) },
        { roomId: odd, peer: ann.peer, data: payload(odd) },
      ]);
      expect((await ann.rooms()).map((room) => room.id)).toEqual([odd]);
      expect(await ann.room(`${odd} `)).toBeNull();
      expect(await ann.leave(odd)).toBe(true);
      expect(await ben.take(1)).toMatchObject([{ type: 'PeerRemoved', roomId: odd, ...ann.as('a') }]);
    });
  }

  for (const [what, value] of Object.entries(oddValues)) {
    story(`G12: data and state come out as they went in: ${what}`, async (stage) => {
      const ann = await stage.peer('ann');
      const [ben, vic] = await stage.roomOf('r', 'ben', 'vic');
      const member = { peer: { id: ann.id, username: 'ann', guest: false }, state: payload(value) };
      await vic.drop();
      expect((await ann.join('r', value)).members.at(-1)).toEqual(member);
      await ann.relay('r', ben, 'm', value);
      await ann.broadcast('r', 'm', value);
      expect(await ann.setState('r', value)).toEqual(member);
      expect((await ben.room('r'))?.members.at(-1)).toEqual(member);
      await ann.leave('r');

      const [added, relayed, ...rest] = await ben.take(5);
      expect(added).toMatchObject({ type: 'PeerAdded' });
      expect(relayed).toMatchObject({ type: 'Signal' });
      expect(rest.map((e) => e.type)).toEqual(['Signal', 'PeerChanged', 'PeerRemoved']);
      for (const entry of [added, relayed, ...rest]) expect(entry?.peer).toEqual(member.peer);
      for (const entry of [added, rest[1], rest[2]]) expect(entry).toHaveProperty('state', payload(value));
      for (const entry of [relayed, rest[0]]) expect(entry).toHaveProperty('data', payload(value));

      await vic.resume();
      expect(await vic.take(4), 'a resume brings the same entries').toEqual([added, ...rest]);
    });
  }
}
