import { createClient } from 'graphql-sse';
import { describe, expect, it, onTestFinished } from 'vitest';
import { cut, serve, serveSignalbox, TestResults } from './support.ts';

describe('the client of graphql-sse, in distinct connections mode', () => {
  it('graphql-sse receives Connected from a subscription', async () => {
    const { url, tokenFor } = await serveSignalbox();
    const headers = { Authorization: `Bearer ${await tokenFor('ada')}` };
    const client = createClient({ url, headers, retryAttempts: 0 });
    onTestFinished(() => client.dispose());
    const messages = client.iterate({ query: 'subscription { messages { __typename cursor } }' });
    const { value } = await messages.next();
    expect(value).toMatchObject({ data: { messages: { __typename: 'Connected' } } });
    await messages.return?.();
  });

  it('graphql-sse runs a mutation and receives its result', async () => {
    const { url } = await serveSignalbox();
    const client = createClient({ url, retryAttempts: 0 });
    onTestFinished(() => client.dispose());
    const results = [];
    const query = 'mutation ($username: String!) { access(username: $username) { peer { username } } }';
    for await (const result of client.iterate({ query, variables: { username: 'ada' } }))
      results.push(result);
    expect(results).toEqual([{ data: { access: { peer: { username: 'ada' } } } }]);
  });

  it('graphql-sse receives the error of an invalid query', async () => {
    const { url } = await serveSignalbox();
    const client = createClient({ url, retryAttempts: 0 });
    onTestFinished(() => client.dispose());
    const { value } = await client.iterate({ query: '{ nothing }' }).next();
    expect(value).toMatchObject({ errors: [{ extensions: { code: 'BAD_USER_INPUT' } }] });
  });

  it('G3: graphql-sse comes back after a cut by itself, and ends only at `complete`', async () => {
    const runs: TestResults[] = [];
    const { url } = await serve({
      run: async () => {
        const results = new TestResults();
        runs.push(results);
        results.give({ data: { run: runs.length } });
        if (runs.length < 3) results.fail(cut());
        else results.end();
        return results;
      },
    });
    const client = createClient({ url, retry: async () => undefined });
    onTestFinished(() => client.dispose());
    const results = [];
    for await (const result of client.iterate({ query: 'subscription { a }' })) results.push(result);
    expect(results).toEqual([1, 2, 3].map((run) => ({ data: { run } })));
  });
});
