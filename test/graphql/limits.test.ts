import { getIntrospectionQuery } from 'graphql';
import { describe, expect, it } from 'vitest';
import { cursorOf } from '../../src/graphql/engine.ts';
import { documentCache } from '../../src/graphql/limits.ts';
import { payload } from '../hub/peer.ts';
import { nextSignal, parsed, stage } from './stage.ts';

const tooLarge = {
  message: expect.stringMatching(/^The response would exceed \d+ bytes: /),
  extensions: { code: 'PAYLOAD_TOO_LARGE' },
};

/** The field `count` times, each time under another alias. */
function aliases(count: number, field: string, name = 'a'): string {
  return Array.from({ length: count }, (_, i) => `${name}${i}: ${field}`).join(' ');
}

describe('a response', () => {
  const state = 'x'.repeat(60_000);

  it('G8: a response whose values make it too large is refused as a whole with PAYLOAD_TOO_LARGE', async () => {
    const { peer } = await stage();
    const ann = await peer('ann');
    await ann.subscribe('subscription { messages { cursor } }');
    await ann.join(state);
    const { data } = await ann.ask(`{ rooms { members { ${aliases(60, 'state')} } } }`);
    expect(data).toMatchObject({ rooms: [{ members: [{ a0: payload(state), a59: payload(state) }] }] });
    const refused = await ann.ask(`{ me { id } rooms { members { ${aliases(80, 'state')} } } }`);
    expect(refused).toEqual({ data: null, errors: [expect.objectContaining(tooLarge)] });
    const { data: after } = await ann.ask('{ rooms { members { state } } }');
    expect(after, 'each response has its own budget').toEqual({
      rooms: [{ members: [{ state: payload(state) }] }],
    });
  });

  it('G8: a response that long lists, long aliases or many aliases make too large is refused with PAYLOAD_TOO_LARGE', async () => {
    const { hub, peer } = await stage();
    const ann = await peer('ann');
    await ann.subscribe('subscription { messages { cursor } }');
    await ann.join();
    for (let i = 0; i < 99; i++) {
      const other = await peer('other');
      await hub.open({ id: other.id, username: 'other', guest: true });
      await other.join();
    }
    const all = await ann.ask('{ rooms { id members { peer { __typename id username } state } } }');
    expect(all.data).toMatchObject({ rooms: [{ members: expect.objectContaining({ length: 100 }) }] });
    for (let i = 0; i < 5; i++) await hub.joinRoom(ann.id, `${i}${'語'.repeat(127)}`, payload(null));
    for (const selected of [
      `{ ${aliases(6, 'rooms { ...R }')} }
       fragment R on Room { ${aliases(6, 'members { peer { ...P } }')} }
       fragment P on Peer { ${aliases(100, 'id')} }`,
      `{ rooms { members { peer { ${aliases(10, 'id', 'long'.repeat(3000))} } } } }`,
      `{ ${aliases(5, 'rooms { ...R }')} } fragment R on Room { ${aliases(400, 'id')} }`,
    ]) {
      expect((await ann.ask(selected)).errors, selected.slice(0, 60)).toMatchObject([tooLarge]);
    }
  });

  it('G8: a mutation whose response is sure to be too large, because of its fragments, is refused before it runs', async () => {
    const { peer } = await stage();
    const ann = await peer('ann');
    await ann.subscribe('subscription { messages { cursor } }');
    const query = `
      mutation { ${aliases(20, 'joinRoom(roomId: "r") { ...R }')} }
      fragment R on Room { ${aliases(100, 'members { peer { ...P } }')} }
      fragment P on Peer { ${aliases(100, 'id')} }`;
    expect((await ann.ask(query)).errors).toMatchObject([tooLarge]);
    expect((await ann.ask('{ rooms { id } }')).data, 'the mutation did not run').toEqual({ rooms: [] });
  });

  it('G8: the introspection query of explorers fits in a response, and a far larger one is refused', async () => {
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

describe('a result of a subscription', () => {
  it('G8: a message that would be too large is replaced by the error PAYLOAD_TOO_LARGE, and later messages follow', async () => {
    const { peer } = await stage();
    const [ann, vic] = [await peer('ann'), await peer('vic')];
    await ann.subscribe('subscription { messages { cursor } }');
    const results = await vic.subscribe(
      `subscription { messages { ... on Signal { event ${aliases(6, 'data')} } } }`,
    );
    for (const each of [ann, vic]) await each.join();
    await ann.say('large', '語'.repeat(20_000));
    const refused = await nextSignal(results);
    expect(refused).toEqual({ data: null, errors: [expect.objectContaining(tooLarge)] });
    expect(cursorOf(refused), 'an error has no cursor').toBeUndefined();
    await ann.say('small', 'x');
    expect(parsed(await nextSignal(results))).toMatchObject({
      data: { messages: { event: 'small', a5: 'x' } },
    });
  });

  it('G8: a subscription whose messages are sure to be too large is refused before it replaces the session', async () => {
    const { hub, peer } = await stage();
    const ann = await peer('ann');
    await ann.subscribe('subscription { messages { cursor } }');
    await ann.join();
    const query = `
      subscription { messages { ... on Signal { ${aliases(40, 'peer { ...P }')} } } }
      fragment P on Peer { ${aliases(40, 'id')} }`;
    expect((await ann.ask(query)).errors).toMatchObject([tooLarge]);
    expect(await hub.rooms(ann.id), 'the session did not end').toHaveLength(1);
  });
});

describe('a document', () => {
  const invalid = (message: string) => [
    { message: expect.stringContaining(message), extensions: { code: 'BAD_USER_INPUT' } },
  ];

  it('G8: a document with more than 2000 tokens outside of arguments is refused; tokens in arguments do not count', async () => {
    const { peer } = await stage();
    const ann = await peer('ann');
    const { errors } = await ann.ask(`{ me { ${'id '.repeat(2000)} } }`);
    expect(errors).toMatchObject(invalid('more than 2000 tokens outside of arguments'));
    const data = Array(15_000).fill(1);
    await ann.subscribe('subscription { messages { cursor } }');
    await ann.join();
    const inlined = `mutation { broadcast(roomId: "r", event: "e", data: [${data}]) { cursor } }`;
    expect(
      (await ann.ask(inlined)).errors,
      'an argument is limited by MAX_DATA_BYTES instead',
    ).toBeUndefined();
  });

  it('G8: a document with more than 20 root fields is refused', async () => {
    const { peer } = await stage();
    const ann = await peer('ann');
    expect((await ann.ask(`{ ${aliases(20, 'me { id }')} }`)).errors).toBeUndefined();
    const { errors } = await ann.ask(
      `{ ${aliases(11, 'me { id }')} ...F } fragment F on Query { ${aliases(10, 'me { id }', 'b')} }`,
    );
    expect(errors).toMatchObject(invalid('21 root fields; at most 20'));
  });

  it.each([
    'subscription { messages @include(if: false) { cursor } }',
    'subscription { ... on Subscription @skip(if: true) { messages { cursor } } }',
    'subscription { ...F } fragment F on Subscription { messages @skip(if: true) { cursor } }',
  ])('a subscription with a directive on its root field is refused: %s', async (query) => {
    const { peer } = await stage();
    const { errors } = await (await peer('ann')).ask(query);
    expect(errors).toMatchObject(invalid('The root field of a subscription takes no directives.'));
  });

  it('G8: at most 6 errors of a document are reported, because each may repeat its long names', async () => {
    const { peer } = await stage();
    const ann = await peer('ann');
    const { errors = [] } = await ann.ask(
      `query ${'Long'.repeat(10_000)} { ${aliases(20, 'room(roomId: $r) { id }')} }`,
    );
    expect(errors.length).toBeLessThanOrEqual(6);
    expect(errors[0]?.extensions.code).toBe('BAD_USER_INPUT');
  });

  it('G8: the document cache keeps at most 250 documents, however short they are', () => {
    const cache = documentCache<object>();
    for (let i = 0; i < 5000; i++) cache.set(`{${i}}`, {});
    expect(cache.size).toBeLessThanOrEqual(250);
  });
});

describe('`Connected`', () => {
  it('G8: a stream whose Connected is too large ends with PAYLOAD_TOO_LARGE, and resumes with a smaller selection', async () => {
    const { hub, peer } = await stage();
    const ann = await peer('ann');
    await ann.subscribe('subscription { messages { cursor } }');
    const state = 'x'.repeat(60_000);
    for (let i = 0; i < 5; i++) {
      await hub.joinRoom(ann.id, `room ${i}`, payload(state));
      for (let j = 0; j < 20; j++) {
        const other = await peer('other');
        await hub.open({ id: other.id, username: 'other', guest: true });
        await hub.joinRoom(other.id, `room ${i}`, payload(state));
      }
    }
    const after = (await hub.broadcast(ann.id, 'room 0', 'm', payload(null))).cursor;
    const large = await ann.open(
      'subscription ($after: ID) { messages(after: $after) { ... on Connected { rooms { members { state } } } } }',
      { after },
    );
    expect((await large.next()).value).toMatchObject({ data: null, errors: [tooLarge] });
    expect(
      await large.next(),
      'the stream ends: without Connected, the client cannot know whether it resumed',
    ).toMatchObject({ done: true });
    const small = await ann.open(
      'subscription ($after: ID) { messages(after: $after) { ... on Connected { resumed rooms { id } } } }',
      { after },
    );
    const { data } = parsed((await small.next()).value ?? {});
    expect(data).toMatchObject({ messages: { resumed: true, rooms: { length: 5 } } });
  });
});
