import { ApolloClient, gql, HttpLink, InMemoryCache } from '@apollo/client';
import { describe, expect, it, onTestFinished } from 'vitest';
import { cut, serve, serveSignalbox, TestResults } from './support.ts';

const subscription = gql`
  subscription {
    messages {
      __typename
      cursor
    }
  }
`;

/** Subscribes by the `HttpLink` of Apollo Client alone. Resolves to what it gave, with its end. */
function follow(uri: string, headers: Record<string, string> = {}, onData?: () => void): Promise<unknown[]> {
  const client = new ApolloClient({ link: new HttpLink({ uri, headers }), cache: new InMemoryCache() });
  onTestFinished(() => client.stop());
  return new Promise((resolve) => {
    const got: unknown[] = [];
    client.subscribe({ query: subscription, fetchPolicy: 'no-cache' }).subscribe({
      next({ data, error }) {
        got.push(data ?? error?.message);
        if (data) onData?.();
      },
      complete: () => resolve([...got, 'complete']),
    });
  });
}

const message = (cursor: string) => ({ messages: { __typename: 'Signal', cursor } });

describe('the HttpLink of Apollo Client', () => {
  it('gives each message when it arrives, and completes when the operation is over', async () => {
    const results = new TestResults();
    const { url } = await serve({ run: async () => results });
    results.give({ data: message('1') });
    let given = 1;
    const got = await follow(url, {}, () => {
      // The next message comes only after the one before was given.
      if (++given <= 3) results.give({ data: message(`${given}`) });
      else results.end();
    });
    expect(got).toEqual([message('1'), message('2'), message('3'), 'complete']);
  });

  it('G3: sees that a stream was cut: it gives an error', async () => {
    const results = new TestResults();
    const { url } = await serve({ run: async () => results });
    results.give({ data: message('1') });
    const [first, error] = await follow(url, {}, () => results.fail(cut()));
    expect(first).toEqual(message('1'));
    expect(error).toEqual(expect.any(String));
  });

  it('G5: gives the error REPLACED when another stream replaces its own', async () => {
    const { url, tokenFor } = await serveSignalbox();
    const headers = { Authorization: `Bearer ${await tokenFor('ada')}` };
    const opened = Promise.withResolvers<void>();
    const first = follow(url, headers, opened.resolve);
    await opened.promise;
    void follow(url, headers);
    expect(await first).toEqual([
      { messages: { __typename: 'Connected', cursor: expect.any(String) } },
      expect.stringContaining('Another stream of the same token'),
      'complete',
    ]);
  });

  it('gives the error of a refused subscription: UNAUTHENTICATED', async () => {
    const { url } = await serveSignalbox();
    expect(await follow(url)).toEqual([expect.stringContaining('needs a token'), 'complete']);
  });

  it('runs a mutation beside its stream', async () => {
    const { url } = await serveSignalbox();
    const client = new ApolloClient({ link: new HttpLink({ uri: url }), cache: new InMemoryCache() });
    const mutation = gql`
      mutation {
        access(username: "ada") {
          peer {
            username
          }
        }
      }
    `;
    expect(await client.mutate({ mutation })).toMatchObject({
      data: { access: { peer: { username: 'ada' } } },
    });
  });
});
