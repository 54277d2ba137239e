import { describe, expect, it } from 'vitest';
import { cursorOf } from '../../src/graphql/engine.ts';
import { nextSignal, parsed, stage, tokens } from './stage.ts';

describe('a message that goes to many streams', () => {
  const query = 'subscription { messages { cursor ... on Signal { event peer { username } } } }';

  it('a message is executed once for all streams with the same selection', async () => {
    const { peer } = await stage();
    const [ann, ben, cat] = [await peer('ann'), await peer('ben'), await peer('cat')];
    const streams = [await ben.subscribe(query), await cat.subscribe(query)];
    await ann.subscribe(query);
    for (const each of [ann, ben, cat]) await each.join();
    const { cursor } = await ann.say('hello');
    const [toBen, toCat] = await Promise.all(streams.map(nextSignal));
    expect(toBen && parsed(toBen)).toEqual({
      data: { messages: { cursor, event: 'hello', peer: { username: 'ann' } } },
    });
    expect(toCat, 'both streams get the same object').toBe(toBen);
    expect(toBen && cursorOf(toBen)).toBe(cursor);
  });

  it('streams get their own results if their selections differ only by a variable', async () => {
    const { peer } = await stage();
    const [ann, ben, cat] = [await peer('ann'), await peer('ben'), await peer('cat')];
    const withVariable =
      'subscription S($all: Boolean!) { messages { ... on Signal { event cursor @include(if: $all) } } }';
    await ann.subscribe(query);
    const streams = [
      await ben.subscribe(withVariable, { all: true }),
      await cat.subscribe(withVariable, { all: false }),
    ];
    for (const each of [ann, ben, cat]) await each.join();
    const { cursor } = await ann.say('hello');
    const [toBen, toCat] = await Promise.all(streams.map(nextSignal));
    expect(toBen && parsed(toBen)).toEqual({ data: { messages: { event: 'hello', cursor } } });
    expect(toCat && parsed(toCat)).toEqual({ data: { messages: { event: 'hello' } } });
    expect(toCat && cursorOf(toCat), 'a result has its cursor even if `cursor` is not selected').toBe(cursor);
  });

  it('streams opened with different cursors share the execution of a message', async () => {
    const { peer } = await stage();
    const [ann, ben, cat] = [await peer('ann'), await peer('ben'), await peer('cat')];
    const withCursor = 'subscription S($after: ID) { messages(after: $after) { ... on Signal { event } } }';
    await ann.subscribe(query);
    const streams = [await ben.subscribe(withCursor, { after: '1' }), await cat.subscribe(withCursor)];
    for (const each of [ann, ben, cat]) await each.join();
    await ann.say('hello');
    const [toBen, toCat] = await Promise.all(streams.map(nextSignal));
    expect(toCat).toBe(toBen);
  });
});

describe('a subscription', () => {
  it('a subscription is refused with 406 if the client accepts no event stream, so that it replaces no session', async () => {
    const { engine } = await stage();
    const { token } = await tokens.issue('ann');
    const request = {
      method: 'POST',
      takesEvents: false,
      credentials: { token },
      address: '10.0.0.1',
    } as const;
    const result = await engine.run({ query: 'subscription { messages { cursor } }' }, request);
    expect(result).toMatchObject({
      errors: [
        {
          message: expect.stringContaining('Accept: text/event-stream'),
          extensions: { http: { status: 406 } },
        },
      ],
    });
  });
});
