import { getIntrospectionQuery } from 'graphql';
import { describe, expect, it } from 'vitest';
import { entryIdOf } from '../../src/graphql/engine.ts';
import { documentCache } from '../../src/graphql/limits.ts';
import { payload } from '../hub/peer.ts';
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
    const { data } = await ann.ask(`{ rooms { peers { ${aliases(60, 'state')} } } }`);
    expect(data).toMatchObject({ rooms: [{ peers: [{ a0: state, a59: state }] }] });
    const refused = await ann.ask(`{ me { id } rooms { peers { ${aliases(80, 'state')} } } }`);
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
    for (let i = 0; i < 5; i++) await hub.joinRoom(ann.id, `${i}${'語'.repeat(127)}`, payload(null));
    for (const selected of [
      `{ ${aliases(6, 'rooms { ...R }')} }
       fragment R on Room { ${aliases(6, 'peers { ...P }')} }
       fragment P on Peer { ${aliases(100, 'id')} }`,
      `{ rooms { peers { ${aliases(10, 'id', 'long'.repeat(3000))} } } }`,
      `{ ${aliases(5, 'rooms { ...R }')} } fragment R on Room { ${aliases(400, 'id')} }`,
    ]) {
      expect((await ann.ask(selected)).errors, selected.slice(0, 60)).toMatchObject([tooLarge]);
    }
  });

  it('G8: what fragments make of it is known before anything is done', async () => {
    const { peer } = await stage();
    const ann = await peer('ann');
    await ann.subscribe('subscription { messages { id } }');
    const query = `
      mutation { ${aliases(20, 'joinRoom(roomId: "r") { ...R }')} }
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
      `subscription { messages { ... on Signal { event ${aliases(6, 'data')} } } }`,
    );
    for (const each of [ann, vic]) await each.join();
    await ann.say('large', '語'.repeat(20_000));
    const refused = await nextSignal(results);
    expect(refused).toEqual({ data: null, errors: [expect.objectContaining(tooLarge)] });
    expect(entryIdOf(refused), 'an error has no id').toBeUndefined();
    await ann.say('small', 'x');
    expect(await nextSignal(results)).toMatchObject({ data: { messages: { event: 'small', a5: 'x' } } });
  });

  it('G8: that is too large whatever it tells is refused before a session begins', async () => {
    const { hub, peer } = await stage();
    const ann = await peer('ann');
    await ann.subscribe('subscription { messages { id } }');
    await ann.join();
    const query = `
      subscription { messages { ... on Signal { ${aliases(40, 'peer { ...P }')} } } }
      fragment P on Peer { ${aliases(40, 'id')} }`;
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

  it('G8: has 20 root fields at the most', async () => {
    const { peer } = await stage();
    const ann = await peer('ann');
    expect((await ann.ask(`{ ${aliases(20, 'me { id }')} }`)).errors).toBeUndefined();
    const { errors } = await ann.ask(
      `{ ${aliases(11, 'me { id }')} ...F } fragment F on Query { ${aliases(10, 'me { id }', 'b')} }`,
    );
    expect(errors).toMatchObject(invalid('21 root fields; at most 20'));
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

  it('G8: is told its first few faults, so that what repeats them does not grow without bound', async () => {
    const { peer } = await stage();
    const ann = await peer('ann');
    const { errors = [] } = await ann.ask(
      `query ${'Long'.repeat(10_000)} { ${aliases(20, 'room(roomId: $r) { id }')} }`,
    );
    expect(errors.length).toBeLessThanOrEqual(6);
    expect(errors[0]?.extensions.code).toBe('BAD_USER_INPUT');
  });

  it('G8: is remembered with what it takes, however short it is', () => {
    const cache = documentCache<object>();
    for (let i = 0; i < 5000; i++) cache.set(`{${i}}`, {});
    expect(cache.size).toBeLessThanOrEqual(250);
  });
});

describe('`Connected`', () => {
  it('G8: is the end of a stream where its rooms are too much: select less of them', async () => {
    const { hub, peer } = await stage();
    const ann = await peer('ann');
    await ann.subscribe('subscription { messages { id } }');
    const state = 'x'.repeat(60_000);
    for (let i = 0; i < 5; i++) {
      await hub.joinRoom(ann.id, `room ${i}`, payload(state));
      for (let j = 0; j < 20; j++) {
        const other = await peer('other');
        await hub.open({ id: other.id, username: 'other' });
        await hub.joinRoom(other.id, `room ${i}`, payload(state));
      }
    }
    const after = (await hub.broadcast(ann.id, 'room 0', 'm', payload(null))).id;
    const large = await ann.open(
      'subscription ($after: ID) { messages(after: $after) { ... on Connected { rooms { peers { state } } } } }',
      { after },
    );
    expect((await large.next()).value).toMatchObject({ data: null, errors: [tooLarge] });
    expect(await large.next(), 'what became of the session it could not tell').toMatchObject({ done: true });
    const small = await ann.open(
      'subscription ($after: ID) { messages(after: $after) { ... on Connected { resumed rooms { id } } } }',
      { after },
    );
    const { data } = (await small.next()).value ?? {};
    expect(data).toMatchObject({ messages: { resumed: true, rooms: { length: 5 } } });
  });
});
