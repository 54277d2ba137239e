import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { describe, expect, test } from 'vitest';
import { readBody } from './support/client.ts';
import { NodeProcess, startNode } from './support/node.ts';

const hasIPv6 = Object.values(networkInterfaces()).some((all) =>
  all?.some(({ address }) => address === '::1'),
);

describe.runIf(hasIPv6)('HOST=localhost', () => {
  test('a node listens on both loopback addresses, on the same port', async () => {
    await using node = await startNode();
    const { port } = new URL(node.url);
    for (const host of ['127.0.0.1', '[::1]'])
      expect((await fetch(`http://${host}:${port}/ready`)).status, host).toBe(200);
  });

  test('G11: at SIGTERM, a node answers the calls in flight on both loopback addresses', async () => {
    await using node = await startNode({ env: { DRAIN_SECONDS: '0' } });
    const { port } = new URL(node.url);
    const body = JSON.stringify({ query: '{ __typename }' });
    const headers = { 'content-type': 'application/json', 'content-length': body.length };
    const calls = ['127.0.0.1', '::1'].map((host) => {
      const agent = new Agent({ keepAlive: true });
      const req = request({ host, port, path: '/graphql', method: 'POST', agent, headers });
      req.write(body.slice(0, 5));
      return req;
    });
    await Promise.all(calls.map((req) => once(req, 'socket')));
    // The node reads its connections in order: when it answers these, it has the calls.
    for (const host of ['127.0.0.1', '[::1]']) await (await fetch(`http://${host}:${port}/health`)).text();
    void node.kill('SIGTERM');
    await node.logged('stopping');
    // Now the node refuses connections, and still waits for the calls.
    await expect
      .poll(() =>
        fetch(`http://127.0.0.1:${port}/health`).then(
          () => 'answered',
          () => 'refused',
        ),
      )
      .toBe('refused');
    await expect(fetch(`http://[::1]:${port}/health`)).rejects.toThrow('fetch failed');
    for (const req of calls) {
      req.end(body.slice(5));
      const [response] = (await once(req, 'response')) as [IncomingMessage];
      expect(await readBody(response)).toEqual({ data: { __typename: 'Query' } });
    }
    expect(await node.exited).toEqual({ code: 0, signal: null });
  });

  test('a node does not start if its port is taken on ::1: clients of `localhost` would reach another program', async () => {
    const other = createServer().listen(0, '::1');
    await once(other, 'listening');
    const address = other.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    await using node = new NodeProcess({ env: { PORT: `${port}` } });
    expect(await node.exited).toEqual({ code: 1, signal: null });
    expect(node.stderr).toBe(
      `PORT ${port} is in use on HOST localhost: stop the program that listens there, or set another PORT.\n`,
    );
    other.close();
  });
});

test('a node with BASE_PATH serves below it, and its banner and its log have it in their URLs', async () => {
  await using node = await startNode({ env: { BASE_PATH: '/signal/' } });
  expect(node.url).toMatch(/^http:\/\/localhost:\d+\/signal$/);
  expect((await fetch(`${node.url}/health`)).status).toBe(200);
  expect((await fetch(new URL('/health', node.url))).status).toBe(404);
  await node.kill();
  expect(node.output()).toContain(`GraphiQL  ${node.url}/graphql\n`);
});

test('a node in production shows no GraphiQL and no schema, unless it is told to', {
  timeout: 90_000,
}, async () => {
  const schema = '?query={__schema{queryType{name}}}';
  const page = { headers: { accept: 'text/html' } };
  await using closed = await startNode({ env: { NODE_ENV: 'production' } });
  expect((await fetch(`${closed.url}/graphql`, page)).status).toBe(404);
  expect(await (await fetch(`${closed.url}/graphql${schema}`)).json()).toHaveProperty('errors');
  const env = { NODE_ENV: 'production', GRAPHIQL: 'true', INTROSPECTION: 'true' };
  await using open = await startNode({ env });
  expect((await fetch(`${open.url}/graphql`, page)).headers.get('content-type')).toContain('text/html');
  expect(await (await fetch(`${open.url}/graphql${schema}`)).json()).toHaveProperty('data');
});
