import { ApolloClient, ApolloLink, gql, HttpLink, InMemoryCache } from '@apollo/client';
import { RetryLink } from '@apollo/client/link/retry';
import { describe, expect, onTestFinished, test } from 'vitest';
import { heldEngine, serve } from '../../http/support.ts';
import { broadcast, counted, expectWarning, losingFirst, stage } from './warnings.ts';

/** What apollo.md says that Apollo Client cannot do. */

function clientOf(link: ApolloLink, cache = new InMemoryCache()): ApolloClient {
  const client = new ApolloClient({ link, cache });
  onTestFinished(() => client.stop());
  return client;
}

const messages = gql`subscription { messages { __typename cursor ... on Connected { peer { id username } } } }`;

type Values = { readonly messages: { readonly __typename: string; readonly cursor?: string } };

/** Subscribes, and collects the types of the messages and the codes of errors. */
function follow(
  client: ApolloClient,
  query = messages,
  fetchPolicy: 'no-cache' | 'cache-first' = 'no-cache',
) {
  const got: (string | undefined)[] = [];
  client.subscribe<Values>({ query, fetchPolicy }).subscribe({
    next: ({ data, error }) => void got.push(data ? data.messages.__typename : codeOf(error)),
  });
  return got;
}

function codeOf(error: unknown): string {
  return String(JSON.stringify(error).match(/"code":"(\w+)"/)?.[1]);
}

describe('Apollo Client', () => {
  test('G14: its RetryLink sends a mutation twice, unless the mutation has a key', async () => {
    expectWarning('apollo', 'A link that retries may send a mutation twice.');
    const { url, headers, heard, enter } = await stage();
    await enter();
    const send = async (variables: object) => {
      const http = new HttpLink({ uri: url, headers, fetch: losingFirst('Broadcast') });
      const client = clientOf(ApolloLink.from([new RetryLink({ delay: { initial: 1 } }), http]));
      await client.mutate({ mutation: gql(broadcast), variables });
    };
    await send({ data: 'without' });
    await send({ data: 'with', key: 'k' });
    await expect.poll(() => heard).toContain('ada: chat "with"');
    expect(heard).toEqual(['ada: chat "without"', 'ada: chat "without"', 'ada: chat "with"']);
  });

  test('G5: with two documents it opens two streams, and the newer one ends the older', async () => {
    expectWarning('apollo', 'Two documents are two streams, and the newer one ends the older.');
    const { url, headers } = await stage();
    const { fetch, calls } = counted();
    const client = clientOf(new HttpLink({ uri: url, headers, fetch }));
    const first = follow(client);
    await expect.poll(() => first).toEqual(['Connected']);
    const same = follow(client);
    const other = follow(client, gql`subscription Other { messages { __typename } }`);
    await expect.poll(() => other).toEqual(['Connected']);
    await expect.poll(() => first).toEqual(['Connected', 'REPLACED']);
    // The same document shares a stream, and a component that comes later misses what came before.
    expectWarning('apollo', 'A component that is mounted later misses earlier messages.');
    expect(same).toEqual(['REPLACED']);
    expect(calls()).toBe(2);
  });

  test('its cache keeps the last message and every peer, unless the policy is no-cache', async () => {
    expectWarning('apollo', 'The cache is not for messages.');
    for (const policy of ['no-cache', 'cache-first'] as const) {
      const { url, headers } = await stage();
      const client = clientOf(new HttpLink({ uri: url, headers }));
      const got = follow(client, messages, policy);
      await expect.poll(() => got).toEqual(['Connected']);
      const kept = JSON.stringify(client.cache.extract());
      expect(kept.includes('"username":"ada"'), policy).toBe(policy === 'cache-first');
    }
  });

  test('without possibleTypes, the fields of a fragment on Message are missing', async () => {
    expectWarning('apollo', 'The cache must know the types of `Message`.');
    const query = gql`subscription { messages { __typename ... on Message { cursor } } }`;
    for (const possibleTypes of [undefined, { Message: ['Connected'] }]) {
      const { url, headers } = await stage();
      const cache = new InMemoryCache(possibleTypes && { possibleTypes });
      const client = clientOf(new HttpLink({ uri: url, headers }), cache);
      const first = await new Promise<Values | undefined>((resolve) =>
        client.subscribe<Values>({ query }).subscribe(({ data }) => resolve(data)),
      );
      expect(Object.keys(first?.messages ?? {}).includes('cursor')).toBe(possibleTypes !== undefined);
    }
  });

  test('it sends mutations that are not awaited all at once, so that one may overtake another', async () => {
    expectWarning('apollo', 'Messages may overtake one another if you do not await each.');
    const { engine, asked, allow } = heldEngine({
      data: { broadcast: { __typename: 'Receipt', status: 'QUEUED' } },
    });
    const { url } = await serve(engine);
    const { fetch, calls } = counted();
    const client = clientOf(new HttpLink({ uri: url, fetch }));
    const sent = [1, 2].map((data) => client.mutate({ mutation: gql(broadcast), variables: { data } }));
    await asked;
    // The first has no answer yet.
    await expect.poll(calls).toBe(2);
    allow();
    await Promise.all(sent);
  });
});
