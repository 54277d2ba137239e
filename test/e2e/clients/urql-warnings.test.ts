import { retryExchange } from '@urql/exchange-retry';
import { GraphQLError } from 'graphql';
import { Client, type ClientOptions, fetchExchange } from 'urql';
import { describe, expect, onTestFinished, test } from 'vitest';
import { heldEngine, serve, TestResults } from '../../http/support.ts';
import { broadcast, counted, expectWarning, losingFirst, stage } from './warnings.ts';

/** What urql.md says that urql cannot do. */

const messages =
  'subscription { messages(join: [{ roomId: "lobby" }]) { __typename cursor ... on Connected { resumed } } }';

type Values = { readonly messages: { readonly __typename: string; readonly resumed?: boolean } };

function clientOf(options: Partial<ClientOptions> & { readonly url: string }): Client {
  return new Client({
    exchanges: [fetchExchange],
    fetchSubscriptions: true,
    preferGetMethod: false,
    ...options,
  });
}

/** Subscribes, and collects the messages and the codes of errors. */
function follow(client: Client, query = messages) {
  const got: string[] = [];
  const { unsubscribe } = client.subscription<Values>(query, {}).subscribe(({ data, error }) => {
    const code = error?.graphQLErrors[0]?.extensions.code;
    if (error) got.push(String(code ?? 'network error'));
    else got.push(`${data?.messages.__typename} ${data?.messages.resumed ?? ''}`.trim());
  });
  onTestFinished(unsubscribe);
  return got;
}

describe('urql', () => {
  test('G14: its retryExchange sends a mutation twice, unless the mutation has a key', async () => {
    expectWarning('urql', '`retryExchange` is not needed, and repeats what it must not.');
    expectWarning('urql', 'A mutation is repeated only if it has a `key`.');
    const { url, headers, heard, enter } = await stage();
    await enter();
    const send = async (variables: object) => {
      const client = clientOf({
        url,
        exchanges: [retryExchange({ initialDelayMs: 1 }), fetchExchange],
        fetch: losingFirst('Broadcast'),
        fetchOptions: { headers },
      });
      const { error } = await client.mutation(broadcast, variables);
      expect(error).toBeUndefined();
    };
    await send({ data: 'without' });
    await send({ data: 'with', key: 'k' });
    await expect.poll(() => heard).toContain('ada: chat "with"');
    expect(heard).toEqual(['ada: chat "without"', 'ada: chat "without"', 'ada: chat "with"']);
  });

  test('G3: its retryExchange knows no cursor: after a cut, a new session begins', async () => {
    const { url, headers, http } = await stage();
    const exchanges = [retryExchange({ initialDelayMs: 1 }), fetchExchange];
    const got = follow(clientOf({ url, exchanges, fetchOptions: { headers } }));
    await expect.poll(() => got).toContain('PeerAdded');
    http.server.closeAllConnections();
    await expect.poll(() => got.filter((line) => line.startsWith('Connected'))).toHaveLength(2);
    expect(got).not.toContain('Connected true');
  });

  test('its retryExchange opens two streams at once when a stream has ended with an error', async () => {
    const runs: TestResults[] = [];
    const { url } = await serve({
      run: async () => {
        const results = new TestResults();
        runs.push(results);
        if (runs.length === 1) {
          results.give({ data: { messages: { __typename: 'Signal' } } });
          results.give({ errors: [new GraphQLError('It is over.')] });
          results.end();
        }
        return results;
      },
    });
    const exchanges = [
      retryExchange({ initialDelayMs: 50, randomDelay: false, retryIf: () => true }),
      fetchExchange,
    ];
    follow(clientOf({ url, exchanges }));
    await expect.poll(() => runs.length).toBe(3);
    expect(runs.slice(1).map(({ returned }) => returned)).toEqual([0, 0]);
  });

  test('G5: with two documents it opens two streams, and the newer one ends the older', async () => {
    expectWarning('urql', 'Two documents are two streams, and the newer one ends the older');
    const { url, headers } = await stage();
    const { fetch, calls } = counted();
    const client = clientOf({ url, fetch, fetchOptions: { headers } });
    const first = follow(client);
    await expect.poll(() => first).toContain('PeerAdded');
    const same = follow(client);
    expect(calls()).toBe(1);
    expectWarning('urql', 'A component that is mounted later misses earlier messages.');
    expect(same).not.toContain('Connected false');
    const other = follow(client, 'subscription Other { messages { __typename } }');
    await expect.poll(() => other).toContain('Connected');
    await expect.poll(() => first).toContain('REPLACED');
  });

  test('it sends mutations that are not awaited all at once, so that one may overtake another', async () => {
    expectWarning('urql', 'Messages may overtake one another if you do not await each.');
    const { engine, asked, allow } = heldEngine({ data: { broadcast: { status: 'QUEUED' } } });
    const { url } = await serve(engine);
    const { fetch, calls } = counted();
    const client = clientOf({ url, fetch });
    const sent = [1, 2].map((data) => client.mutation(broadcast, { data }).toPromise());
    await asked;
    // The first has no answer yet.
    await expect.poll(calls).toBe(2);
    allow();
    await Promise.all(sent);
  });
});
