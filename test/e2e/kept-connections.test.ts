import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { expect, test } from 'vitest';
import { readBody } from '../support/client.ts';
import { startNode } from '../support/node.ts';

/** What became of a client that makes one call after the other on a kept connection. */
interface Calls {
  answered: number;
  /** Answers that came after the first `Connection: close` and did not have it. */
  kept: number;
  /** The code of the error that ended the calls. */
  code?: string;
}

/** Calls until a call fails. */
async function callOn(url: string, calls: Calls): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const body = JSON.stringify({ query: 'mutation { access(username: "ada") { token } }' });
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
  let closing = false;
  try {
    for (;;) {
      const req = request(`${url}/graphql`, { method: 'POST', agent, headers }).end(body);
      const [response] = (await once(req, 'response')) as [IncomingMessage];
      expect(await readBody(response)).toMatchObject({ data: { access: {} } });
      calls.answered++;
      const close = response.headers.connection === 'close';
      if (closing && !close) calls.kept++;
      closing ||= close;
    }
  } catch (error) {
    calls.code = (error as NodeJS.ErrnoException).code ?? String(error);
  } finally {
    agent.destroy();
  }
}

test.each([
  ['SIGTERM', '2'],
  ['SIGTERM', '0'],
  ['SIGINT', '2'],
] as const)(
  'G11: at %s with DRAIN_SECONDS=%s, each call on ten busy kept connections is answered or refused at connect, and none is reset',
  async (signal, DRAIN_SECONDS) => {
    await using node = await startNode({ env: { DRAIN_SECONDS, HOST: '127.0.0.1' } });
    const clients = Array.from({ length: 10 }, (): Calls => ({ answered: 0, kept: 0 }));
    const calling = clients.map((calls) => callOn(node.url, calls));
    await expect.poll(() => Math.min(...clients.map(({ answered }) => answered))).toBeGreaterThan(20);
    expect(await node.kill(signal)).toEqual({ code: 0, signal: null });
    await Promise.all(calling);
    expect(clients.map(({ code }) => code)).toEqual(Array(10).fill('ECONNREFUSED'));
    expect(clients.map(({ kept }) => kept)).toEqual(Array(10).fill(0));
  },
);

test('G11: a call that is in flight at SIGTERM is answered with `Connection: close`', async () => {
  await using node = await startNode({ env: { HOST: '127.0.0.1' } });
  const body = JSON.stringify({ query: '{ __typename }' });
  const headers = { 'content-type': 'application/json', 'content-length': body.length };
  const agent = new Agent({ keepAlive: true });
  const req = request(`${node.url}/graphql`, { method: 'POST', agent, headers });
  // The body of this request ends after SIGTERM.
  req.write(body.slice(0, 5));
  await once(req, 'socket');
  await (await fetch(`${node.url}/health`)).text();
  void node.kill('SIGTERM');
  await node.logged('stopping');
  req.end(body.slice(5));
  const [response] = (await once(req, 'response')) as [IncomingMessage];
  expect(response.headers.connection).toBe('close');
  expect(await readBody(response)).toEqual({ data: { __typename: 'Query' } });
  expect(await node.exited).toEqual({ code: 0, signal: null });
  agent.destroy();
});
