import { type ClientOptions, createClient, type ExecutionResult } from 'graphql-sse';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { broadcast, counted, expectWarning, losingFirst, stage } from './warnings.ts';

/** What graphql-sse.md says that graphql-sse cannot do. */

function clientOf(options: ClientOptions<false>) {
  const client = createClient({ retry: async () => undefined, ...options });
  onTestFinished(() => client.dispose());
  return client;
}

type Result = ExecutionResult<{
  readonly messages: { readonly __typename: string; readonly cursor: string; readonly data?: unknown };
}>;

const query =
  'subscription { messages(join: [{ roomId: "lobby" }]) { __typename cursor ... on Signal { data } } }';

describe('graphql-sse', () => {
  test('its waits double without bound', async () => {
    expectWarning('graphql-sse', 'Its waits double without bound.');
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const times: number[] = [];
    const fetchFn = async () => {
      times.push(Date.now());
      throw new TypeError('no network');
    };
    const client = createClient({
      url: 'http://nowhere.invalid',
      fetchFn,
      retryAttempts: Number.POSITIVE_INFINITY,
    });
    onTestFinished(() => client.dispose());
    client.subscribe({ query }, { next: () => undefined, error: () => undefined, complete: () => undefined });
    await vi.advanceTimersByTimeAsync(300_000);
    const waits = times.slice(1).map((time, i) => Math.floor((time - (times[i] ?? 0)) / 1000));
    // Each has a random part of up to 3 s.
    [1, 2, 4, 8, 16, 32, 64].forEach((seconds, i) => {
      expect(waits[i]).toBeGreaterThanOrEqual(seconds);
      expect(waits[i]).toBeLessThanOrEqual(seconds + 3);
    });
  });

  test('it retries a 401, and calls no callback meanwhile', async () => {
    expectWarning('graphql-sse', 'It retries a 401 in silence.');
    const { url } = await stage();
    const { fetch, calls } = counted();
    const client = clientOf({
      url,
      fetchFn: fetch,
      headers: { authorization: 'Bearer wrong' },
      retryAttempts: 3,
    });
    const callbacks: string[] = [];
    const ended = new Promise<void>((resolve) => {
      client.subscribe(
        { query },
        {
          next: () => callbacks.push('next'),
          error: () => {
            callbacks.push(`error after ${calls()} attempts`);
            resolve();
          },
          complete: () => callbacks.push('complete'),
        },
      );
    });
    await ended;
    expect(callbacks).toEqual(['error after 4 attempts']);
  });

  test('an error in `headers` ends the stream', async () => {
    expectWarning('graphql-sse', 'An error in `headers` ends the stream,');
    const { fetch, calls } = counted();
    const client = clientOf({
      url: 'http://nowhere.invalid',
      fetchFn: fetch,
      headers: () => Promise.reject(new Error('There is no token for the moment.')),
    });
    await expect(client.iterate({ query }).next()).rejects.toThrow('no token for the moment');
    expect(calls()).toBe(0);
  });

  test('G3: a cursor that is noted in the loop is too late: messages come twice; in `onMessage` it is right', async () => {
    expectWarning('graphql-sse', 'It does not resume by itself.');
    for (const place of ['loop', 'onMessage'] as const) {
      const { url, headers, room, http } = await stage();
      let cursor: string | undefined;
      const note = (result: Result) => {
        cursor = result.data?.messages.cursor ?? cursor;
      };
      let arrived = 0;
      const client = clientOf({
        url,
        retryAttempts: 10,
        headers: () => ({ ...headers, ...(cursor !== undefined && { 'last-event-id': cursor }) }),
        onMessage: ({ event, data }) => {
          arrived++;
          if (event === 'next' && place === 'onMessage') note(data as Result);
        },
      });
      const results = client.iterate({ query });
      const got: unknown[] = [];
      const take = async () => {
        const { value } = (await results.next()) as { readonly value: Result };
        if (place === 'loop') note(value);
        const message = value.data?.messages;
        got.push(message?.data ?? message?.__typename);
      };
      // The page is slow: it takes `Connected` and Ben, and the messages wait.
      await take();
      await take();
      for (const number of [1, 2]) await room.broadcast('chat', number);
      await expect.poll(() => arrived).toBe(4);
      http.server.closeAllConnections();
      await expect.poll(() => arrived).toBe(place === 'loop' ? 7 : 5);
      await room.broadcast('chat', 3);
      while (!got.includes(3)) await take();
      const numbers = got.filter((value) => typeof value === 'number');
      expect(numbers, place).toEqual(place === 'loop' ? [1, 2, 1, 2, 3] : [1, 2, 3]);
      await results.return?.();
    }
  });

  test('G14: it sends a mutation twice, unless the mutation has a key', async () => {
    expectWarning('graphql-sse', 'It retries mutations like everything else.');
    const { url, headers, heard, enter } = await stage();
    await enter();
    const send = async (variables: Record<string, unknown>) => {
      const client = clientOf({ url, headers, fetchFn: losingFirst('Broadcast') });
      await client.iterate({ query: broadcast, variables }).next();
    };
    await send({ data: 'without' });
    await send({ data: 'with', key: 'k' });
    await expect.poll(() => heard).toContain('ada: chat "with"');
    expect(heard).toEqual(['ada: chat "without"', 'ada: chat "without"', 'ada: chat "with"']);
  });

  test('G5: two subscriptions are two streams, and the newer one ends the older', async () => {
    expectWarning('graphql-sse', 'Two subscriptions are two streams, and the newer one ends the older');
    const { url, headers } = await stage();
    const client = clientOf({ url, headers });
    const [first, second] = [client.iterate({ query }), client.iterate({ query })];
    await first.next();
    await first.next();
    await second.next();
    expect((await first.next()).value).toMatchObject({ errors: [{ extensions: { code: 'REPLACED' } }] });
  });
});
