import { createClient } from 'graphql-sse';
import { describe, expect, it, onTestFinished } from 'vitest';
import { serveSignalbox } from './support.ts';

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
});
