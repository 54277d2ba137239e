import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, get, type IncomingMessage } from 'node:http';
import { createServer as createTlsServer, request as requestTls } from 'node:https';
import express from 'express';
import { expect, inject, onTestFinished, test } from 'vitest';
import { createSignalbox } from '../../src/index.ts';
import { ApiClient, access } from '../support/client.ts';
import { complaintOf } from '../support/complaint.ts';
import { MessageStream } from '../support/message-stream.ts';
import { freshPrefix } from '../support/redis.ts';
import { makeCertificate } from '../support/tls.ts';
import { keepingLog, listen, makeSignalbox } from './support.ts';

const isConnected = ({ __typename }: { __typename: string }) => __typename === 'Connected';

test('a wrong option is refused in one sentence', () => {
  expect(complaintOf(() => createSignalbox({ graceSeconds: -1 }))).toBe(
    'graceSeconds is "-1"; it takes a number of seconds from 0.1 to 3600.',
  );
  expect(complaintOf(() => createSignalbox({ nodeUrl: 'http://me:secret@here/' }))).toBe(
    'nodeUrl takes a URL such as http://10.0.0.7:3000/signal, without a password.',
  );
});

test('a request that comes before Signalbox is ready waits, and is answered', async () => {
  const box = makeSignalbox({ redisUrl: inject('redisUrl'), redisPrefix: freshPrefix() });
  const url = await listen(createServer(box.handler));
  expect((await fetch(`${url}/ready`)).status).toBe(200);
  await box.ready();
});

test('if Redis cannot be reached, `ready` rejects, and requests are refused', async () => {
  const { logger, lines } = keepingLog();
  const box = makeSignalbox({ redisUrl: 'redis://127.0.0.1:1', logger });
  const url = await listen(createServer(box.handler));
  await expect(box.ready()).rejects.toThrow('Redis');
  const response = await fetch(`${url}/ready`);
  expect(response.status).toBe(503);
  expect(lines.map(({ message }) => message)).toContain('Signalbox could not start');
});

test('G11: `close` cuts the streams, which resume at another application on the same Redis', async () => {
  const options = { redisUrl: inject('redisUrl'), redisPrefix: freshPrefix() };
  const [first, second] = [makeSignalbox(options), makeSignalbox(options)];
  const [a, b] = [await listen(createServer(first.handler)), await listen(createServer(second.handler))];
  const { token } = await access(a, 'ada');
  const stream = await MessageStream.open(a, token, { join: [{ roomId: 'lobby' }] });
  const { cursor } = await stream.messages.next(isConnected);

  const closed = first.close(0);
  expect((await stream.outcome).how).toBe('cut');
  const resumed = await MessageStream.open(b, token, { after: cursor });
  expect(await resumed.messages.next(isConnected)).toMatchObject({ resumed: true, cursor });
  await resumed.drop();
  await closed;
  // The application's server is still there.
  const refused = await fetch(`${a}/ready`);
  expect(refused.status).toBe(503);
  expect(refused.headers.get('connection')).toBe('close');
});

test('G11: while the library drains, /ready answers 503, and calls are answered with `Connection: close`', async () => {
  const box = makeSignalbox();
  const url = await listen(createServer(box.handler));
  const guests = await Promise.all(['ada', 'ben'].map((name) => access(url, name)));
  const streams = await Promise.all(guests.map(({ token }) => MessageStream.open(url, token)));
  for (const stream of streams) await stream.messages.next(isConnected);
  // The second stream is cut after half of this time. Calls are answered until then.
  const closed = box.close(6000);
  expect((await fetch(`${url}/ready`)).status).toBe(503);
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ query: 'mutation { access(username: "ada") { token } }' }),
  });
  expect(response.status).toBe(200);
  expect(response.headers.get('connection')).toBe('close');
  await closed;
});

test("the application's log gets each line without secrets, and down to `logLevel`", async () => {
  const { logger, lines } = keepingLog();
  const box = makeSignalbox({ logger, logLevel: 'debug' });
  const url = await listen(createServer(box.handler));
  const { token } = await access(url, 'ada');
  await fetch(`${url}/graphql?access_token=${token}`);
  await expect.poll(() => lines.filter(({ message }) => message === 'request').length).toBe(2);
  expect(lines.find(({ message }) => message === 'request')).toEqual({
    level: 'debug',
    fields: { method: 'POST', path: '/graphql', status: 200, ms: expect.any(Number) },
    message: 'request',
  });
  expect(JSON.stringify(lines)).not.toContain(token);
});

test('a body that a parser has read already is refused, and the log says what to change', async () => {
  const { logger, lines } = keepingLog();
  const app = express();
  app.use(express.json(), makeSignalbox({ logger }).handler);
  const url = await listen(createServer(app));
  const { status } = await new ApiClient(url).send({ query: '{ __typename }' });
  expect(status).toBe(500);
  expect(JSON.stringify(lines)).toContain('put the handler before all body parsers');
});

test('the library answers only requests for a loopback name by default', async () => {
  const statusFor = async (host: string, options = {}) => {
    const url = await listen(createServer(makeSignalbox(options).handler));
    const [response] = (await once(get(`${url}/health`, { headers: { host } }), 'response')) as [
      IncomingMessage,
    ];
    response.resume();
    return response.statusCode;
  };
  expect(await statusFor('localhost:3000')).toBe(200);
  expect(await statusFor('evil.example')).toBe(421);
  expect(await statusFor('app.example', { host: '0.0.0.0' })).toBe(200);
});

test('over TLS, a stream works, and the client can tell a cut from its end', async () => {
  const certificate = await makeCertificate();
  onTestFinished(() => certificate.remove());
  const box = makeSignalbox();
  const files = { cert: readFileSync(certificate.cert), key: readFileSync(certificate.key) };
  const plain = await listen(createServer(box.handler));
  const url = await listen(createTlsServer(files, box.handler));
  const { token } = await access(plain, 'ada');
  const search = new URLSearchParams({
    query: 'subscription { messages { __typename } }',
    access_token: token,
  });
  const { promise, resolve } = Promise.withResolvers<{ text: string; complete: boolean }>();
  const req = requestTls(`${url.replace('http:', 'https:')}/graphql?${search}`, {
    ca: files.cert,
    headers: { accept: 'text/event-stream' },
  });
  req.on('response', (res) => {
    let text = '';
    res.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      if (text.includes('Connected')) void box.close(0);
    });
    res.on('error', () => undefined);
    res.on('close', () => resolve({ text, complete: res.complete }));
  });
  req.end();
  const { text, complete } = await promise;
  expect(text).toContain('"Connected"');
  expect(text).not.toContain('event: complete');
  expect(complete).toBe(false);
});
