import { getIntrospectionQuery } from 'graphql';
import { describe, expect, it } from 'vitest';
import { entryIdOf } from '../../src/graphql/engine.ts';
import { nextSignal, stage } from './stage.ts';

const tooLarge = {
  message: expect.stringContaining('bytes as JSON'),
  extensions: { code: 'PAYLOAD_TOO_LARGE' },
};

/** A field under so many names. */
function aliases(count: number, field: string, name = 'a'): string {
  return Array.from({ length: count }, (_, i) => `${name}${i}: ${field}`).join(' ');
}

describe('an answer', () => {
  const state = 'x'.repeat(60_000);

  it('G8: is refused as a whole where values make it too large, however often they are asked for', async () => {
    const { peer } = await stage();
    const ann = await peer('ann');
    await ann.subscribe('subscription { messages { id } }');
    await ann.join(state);
    const { data } = await ann.ask(`{ rooms { peers { ${aliases(100, 'state')} } } }`);
    expect(data).toMatchObject({ rooms: [{ peers: [{ a0: state, a99: state }] }] });
    const refused = await ann.ask(`{ me { id } rooms { peers { ${aliases(150, 'state')} } } }`);
    expect(refused).toEqual({ data: null, errors: [expect.objectContaining(tooLarge)] });
    const { data: after } = await ann.ask('{ rooms { peers { state } } }');
    expect(after, 'each answer is measured by itself').toEqual({ rooms: [{ peers: [{ state }] }] });
  });

  it('G8: nor is it larger where lists are long, or names are', async () => {
    const { hub, peer } = await stage();
    const ann = await peer('ann');
    await ann.subscribe('subscription { messages { id } }');
    await ann.join();
    for (let i = 0; i < 99; i++) {
      const other = await peer('other');
      await hub.open({ id: other.id, username: 'other' });
      await other.join();
    }
    const all = await ann.ask('{ rooms { id peers { __typename id username state } } }');
    expect(all.data).toMatchObject({ rooms: [{ peers: expect.objectContaining({ length: 100 }) }] });
    for (const selected of [
      `{ ${aliases(6, 'rooms { ...R }')} }
       fragment R on Room { ${aliases(6, 'peers { ...P }')} }
       fragment P on Peer { ${aliases(100, 'id')} }`,
      `{ rooms { peers { ${aliases(10, 'id', 'long'.repeat(3000))} } } }`,
    ]) {
      expect((await ann.ask(selected)).errors, selected.slice(0, 60)).toMatchObject([tooLarge]);
    }
  });

  it('G8: what fragments make of it is known before anything is done', async () => {
    const { peer } = await stage();
    const ann = await peer('ann');
    await ann.subscribe('subscription { messages { id } }');
    const query = `
      mutation { ${aliases(40, 'joinRoom(roomId: "r") { ...R }')} }
      fragment R on Room { ${aliases(100, 'peers { ...P }')} }
      fragment P on Peer { ${aliases(100, 'id')} }`;
    expect((await ann.ask(query)).errors).toMatchObject([tooLarge]);
    expect((await ann.ask('{ rooms { id } }')).data, 'the mutation was not run').toEqual({ rooms: [] });
  });

  it('has room for what explorers ask of the schema, but not any number of times', async () => {
    const { peer } = await stage();
    const ann = await peer('ann');
    const introspection = getIntrospectionQuery({ inputValueDeprecation: true, oneOf: true, typeDepth: 9 });
    expect((await ann.ask(introspection)).errors).toBeUndefined();
    const again = `
      { __schema { types { ${aliases(20, 'fields { ...F }')} } } }
      fragment F on __Field { ${aliases(100, 'name')} }`;
    expect((await ann.ask(again)).errors).toMatchObject([tooLarge]);
  });
});

describe('an event', () => {
  it('G8: that would be too large is an error in its place, and others follow', async () => {
    const { peer } = await stage();
    const [ann, vic] = [await peer('ann'), await peer('vic')];
    await ann.subscribe('subscription { messages { id } }');
    const results = await vic.subscribe(
      `subscription { messages { ... on Signal { event ${aliases(40, 'data')} } } }`,
    );
    for (const each of [ann, vic]) await each.join();
    await ann.say('large', 'x'.repeat(60_000));
    const refused = await nextSignal(results);
    expect(refused).toEqual({ data: null, errors: [expect.objectContaining(tooLarge)] });
    expect(entryIdOf(refused), 'an error has no id').toBeUndefined();
    await ann.say('small', 'x');
    expect(await nextSignal(results)).toMatchObject({ data: { messages: { event: 'small', a39: 'x' } } });
  });

  it('G8: that is too large whatever it tells is refused before a session begins', async () => {
    const { hub, peer } = await stage();
    const ann = await peer('ann');
    await ann.subscribe('subscription { messages { id } }');
    await ann.join();
    const query = `
      subscription { messages { ... on Connected { ${aliases(150, 'rooms { ...R }')} } } }
      fragment R on Room { ${aliases(250, 'id', 'n'.repeat(40))} }`;
    expect((await ann.ask(query)).errors).toMatchObject([tooLarge]);
    expect(await hub.rooms(ann.id), 'nor did one end').toHaveLength(1);
  });
});

describe('a query', () => {
  const invalid = (message: string) => [
    { message: expect.stringContaining(message), extensions: { code: 'BAD_USER_INPUT' } },
  ];

  it('G8: has 2000 tokens outside of arguments at the most, which validation compares', async () => {
    const { peer } = await stage();
    const ann = await peer('ann');
    const { errors } = await ann.ask(`{ me { ${'id '.repeat(2000)} } }`);
    expect(errors).toMatchObject(invalid('more than 2000 tokens outside of arguments'));
    const data = Array(15_000).fill(1);
    await ann.subscribe('subscription { messages { id } }');
    await ann.join();
    const inlined = `mutation { broadcast(roomId: "r", event: "e", data: [${data}]) { id } }`;
    expect((await ann.ask(inlined)).errors, 'what is in them is measured as data is').toBeUndefined();
  });

  it('G8: has 50 root fields at the most', async () => {
    const { peer } = await stage();
    const ann = await peer('ann');
    expect((await ann.ask(`{ ${aliases(50, 'me { id }')} }`)).errors).toBeUndefined();
    const { errors } = await ann.ask(
      `{ ${aliases(26, 'me { id }')} ...F } fragment F on Query { ${aliases(25, 'me { id }', 'b')} }`,
    );
    expect(errors).toMatchObject(invalid('51 root fields; at most 50'));
  });

  it.each([
    'subscription { messages @include(if: false) { id } }',
    'subscription { ... on Subscription @skip(if: true) { messages { id } } }',
    'subscription { ...F } fragment F on Subscription { messages @skip(if: true) { id } }',
  ])('%s: is no subscription, and is told so', async (query) => {
    const { peer } = await stage();
    const { errors } = await (await peer('ann')).ask(query);
    expect(errors).toMatchObject(invalid('The root field of a subscription takes no directives.'));
  });
});
