import { once } from 'node:events';
import { type ClientRequest, request } from 'node:http';
import { expect, it } from 'vitest';
import { access } from '../support/client.ts';
import { startNode } from '../support/node.ts';

it('G8: streams keep no variables: 400 with 16 KB of `[{},…]` each leave a heap of 128 MB alone', {
  timeout: 60_000,
}, async () => {
  await using node = await startNode({ nodeArgs: ['--max-old-space-size=128'] });
  const query = 'subscription { messages { __typename } }';
  const body = JSON.stringify({ query, variables: { unused: Array(5200).fill({}) } });
  expect(body.length).toBeLessThan(16 * 1024);
  const streams: ClientRequest[] = [];
  for (let n = 0; n < 400; n++) {
    const { token } = await access(node.url, `peer ${n}`);
    const req = request(`${node.url}/graphql`, {
      method: 'POST',
      headers: {
        accept: 'text/event-stream',
        'content-type': 'application/json',
        'content-length': body.length,
        authorization: `Bearer ${token}`,
      },
    });
    streams.push(req);
    req.on('error', () => undefined);
    req.end(body);
    const [response] = await once(req, 'response');
    expect(response.statusCode).toBe(200);
    response.on('error', () => undefined).resume();
  }
  expect((await fetch(`${node.url}/health`)).status).toBe(200);
  for (const req of streams) req.destroy();
});
