import { createServer } from 'node:http';
import express from 'express';
import fastify from 'fastify';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Signalbox } from '../../src/index.ts';
import { ApiClient, access } from '../support/client.ts';
import { MessageStream } from '../support/message-stream.ts';
import { listen, makeSignalbox } from './support.ts';

/** An application that says "hello" at `/` and has Signalbox at `/signal`. Resolves to its URL. */
type Application = () => Promise<string>;

const options = { basePath: '/signal' };

const applications: Readonly<Record<string, Application>> = {
  'node:http': () => {
    const box = makeSignalbox(options);
    return listen(
      createServer((req, res) => {
        if (req.url?.startsWith('/signal')) box.handler(req, res);
        else res.end('hello');
      }),
    );
  },
  'express, below a path': () => {
    const app = express();
    app.use('/signal', makeSignalbox().handler);
    app.use(express.json());
    app.get('/', (_req, res) => void res.send('hello'));
    return listen(createServer(app));
  },
  'express, with a base path': () => {
    const app = express();
    app.use(makeSignalbox(options).handler);
    app.get('/', (_req, res) => void res.send('hello'));
    return listen(createServer(app));
  },
  fastify: async () => {
    const box = makeSignalbox(options);
    const app = fastify();
    app.addHook('onRequest', (request, reply, next) => {
      box.handler(request.raw, reply.raw, () => next());
    });
    app.get('/', () => 'hello');
    onTestFinished(() => app.close());
    return app.listen({ host: '127.0.0.1', port: 0 });
  },
  'a route that waits for its answer, as in Next': () => {
    const box = makeSignalbox(options);
    const route: Signalbox['handler'] = (req, res) => box.handler(req, res);
    return listen(
      createServer(async (req, res) => {
        if (!req.url?.startsWith('/signal')) return void res.end('hello');
        await route(req, res);
        expect(res.closed).toBe(true);
      }),
    );
  },
};

describe.each(Object.entries(applications))('in a server with %s', (_name, start) => {
  test('two peers meet and send, and the application still has its own paths', async () => {
    const url = await start();
    const api = `${url}/signal`;
    const [ada, ben] = await Promise.all([access(api, 'ada'), access(api, 'ben')]);
    const join = [{ roomId: 'lobby' }];
    const toAda = await MessageStream.open(api, ada.token, { join });
    await toAda.messages.next(({ __typename }) => __typename === 'Connected');
    const toBen = await MessageStream.open(api, ben.token, { join });
    await toBen.messages.next((message) => message.__typename === 'PeerAdded' && message.offer);
    await new ApiClient(api, ben.token).run(
      'mutation ($to: ID!) { relay(roomId: "lobby", peerId: $to, event: "hi", data: [1.0]) { cursor } }',
      { to: ada.peer.id },
    );
    const signal = await toAda.messages.next(({ __typename }) => __typename === 'Signal');
    expect(signal).toMatchObject({ event: 'hi', peer: ben.peer });
    await Promise.all([toAda.drop(), toBen.drop()]);

    expect(await (await fetch(url)).text()).toBe('hello');
    expect((await fetch(`${api}/health`)).status).toBe(200);
    expect((await fetch(`${api}/ready`)).status).toBe(200);
    expect((await fetch(`${api}/nothing`)).status).toBe(404);
    const preflight = await fetch(`${api}/graphql`, {
      method: 'OPTIONS',
      headers: { Origin: 'https://a.example' },
    });
    expect(preflight.status).toBe(204);
  });

  test('a browser finds the pages', async () => {
    const api = `${await start()}/signal`;
    const headers = { accept: 'text/html' };
    const home = await fetch(api, { headers });
    expect(home.url).toBe(`${api}/`);
    expect(await home.text()).toContain('<title>Signalbox');
    expect((await fetch(`${api}/draw`, { headers })).url).toMatch(/\/signal\/draw\/[\w-]{8}$/);
    expect((await fetch(`${api}/client.js`)).headers.get('content-type')).toContain('javascript');
  });
});
