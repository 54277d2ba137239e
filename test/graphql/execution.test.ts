import { describe, expect, it } from 'vitest';
import { entryIdOf } from '../../src/graphql/engine.ts';
import { nextSignal, stage, tokens } from './stage.ts';

describe('a message that goes to many streams', () => {
  const query = 'subscription { messages { id ... on Signal { event peer { username } } } }';

  it('is executed once for all that select the same of it', async () => {
    const { peer } = await stage();
    const [ann, ben, cat] = [await peer('ann'), await peer('ben'), await peer('cat')];
    const streams = [await ben.subscribe(query), await cat.subscribe(query)];
    await ann.subscribe(query);
    for (const each of [ann, ben, cat]) await each.join();
    const { id } = await ann.say('hello');
    const [toBen, toCat] = await Promise.all(streams.map(nextSignal));
    expect(toBen).toEqual({ data: { messages: { id, event: 'hello', peer: { username: 'ann' } } } });
    expect(toCat, 'not only alike: the same').toBe(toBen);
    expect(toBen && entryIdOf(toBen)).toBe(id);
  });

  it('gives each selection its own, also where only a variable tells them apart', async () => {
    const { peer } = await stage();
    const [ann, ben, cat] = [await peer('ann'), await peer('ben'), await peer('cat')];
    const withVariable =
      'subscription S($all: Boolean!) { messages { ... on Signal { event id @include(if: $all) } } }';
    await ann.subscribe(query);
    const streams = [
      await ben.subscribe(withVariable, { all: true }),
      await cat.subscribe(withVariable, { all: false }),
    ];
    for (const each of [ann, ben, cat]) await each.join();
    const { id } = await ann.say('hello');
    const [toBen, toCat] = await Promise.all(streams.map(nextSignal));
    expect(toBen).toEqual({ data: { messages: { event: 'hello', id } } });
    expect(toCat).toEqual({ data: { messages: { event: 'hello' } } });
    expect(toCat && entryIdOf(toCat), 'the cursor does not need to be selected').toBe(id);
  });

  it('is shared whatever cursors the streams were opened with', async () => {
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
  it('is not run for a client that takes no event stream: it would end a session elsewhere', async () => {
    const { engine } = await stage();
    const { token } = await tokens.issue('ann');
    const request = { method: 'POST', takesEvents: false, credentials: { token } } as const;
    const result = await engine.run({ query: 'subscription { messages { id } }' }, request);
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
