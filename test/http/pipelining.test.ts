import type { ExecutionResult } from 'graphql';
import { describe, expect, it } from 'vitest';
import type { Engine } from '../../src/graphql/engine.ts';
import { engineOf, serve, TestResults, Wire } from './support.ts';

/** An engine that answers `{ name }` by the variable `name`, when the test says so. `begun` has the names so far. */
function steppedEngine() {
  const begun: string[] = [];
  const answers = new Map<string, () => void>();
  let more = Promise.withResolvers<void>();
  const engine: Engine = {
    run({ variables }) {
      const { name } = variables as { name: string };
      const { promise, resolve } = Promise.withResolvers<ExecutionResult>();
      begun.push(name);
      answers.set(name, () => resolve({ data: { name } }));
      more.resolve();
      more = Promise.withResolvers();
      return promise;
    },
  };
  const until = async (name: string) => {
    while (!begun.includes(name)) await more.promise;
  };
  return { engine, begun, until, answer: (name: string) => answers.get(name)?.() };
}

const echo: Engine = { run: async ({ variables }) => ({ data: { echo: variables } }) };

function get(name: string, path = 'graphql'): string {
  const search = new URLSearchParams({ query: '{name}', variables: JSON.stringify({ name }) });
  return `GET /${path}?${search} HTTP/1.1\r\nHost: x\r\nAccept: application/json\r\n\r\n`;
}

function bodyOf(name: string): string {
  return JSON.stringify({ query: '{name}', variables: { name } });
}

function post(name: string, headers = ''): string {
  const body = bodyOf(name);
  const head = `POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n${headers}`;
  return `${head}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

function chunked(name: string, trailers = ''): string {
  const chunks = bodyOf(name).match(/.{1,7}/g) ?? [];
  const head =
    'POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n';
  const parts = chunks.map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`);
  return `${head}${parts.join('')}0\r\n${trailers}\r\n`;
}

/** The names in the answers, in the order in which they came. */
function answered(text: string): string[] {
  return [...text.matchAll(/"name":"(.*?)"/g)].map(([, name = '']) => name);
}

describe('a connection has one request at a time', () => {
  it('G8: a pipelined request runs when the one before is answered, and answers keep the order', async () => {
    const { engine, begun, until, answer } = steppedEngine();
    const { port, url } = await serve(engine);
    const wire = (await Wire.open(port)).send(get('a') + post('b') + get('c'));
    await until('a');
    // Another connection is not held up. When it is answered, the server had the time to begin `b`.
    expect((await fetch(url.replace('graphql', 'health'))).status).toBe(200);
    expect(begun).toEqual(['a']);
    for (const name of ['a', 'b', 'c']) {
      await until(name);
      answer(name);
      await wire.until(`{"data":{"name":"${name}"}}`);
      expect(begun.at(-1)).not.toBe(name === 'a' ? 'c' : undefined);
    }
    expect(answered(wire.text)).toEqual(['a', 'b', 'c']);
  });

  it('G8: requests are told apart wherever the network cuts them', async () => {
    const { port } = await serve(echo);
    const text = [
      get('a'),
      post('b'),
      '\r\n',
      chunked('c'),
      chunked('d', 'X-Trailer: 1\r\n'),
      get('e'),
      post('f', 'X-Long: y\r\n'),
      post('g'),
      get('h'),
    ].join('');
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
    for (const size of [text.length, 1, 2, 3, 5, 7, 64, 101]) {
      const wire = await Wire.open(port);
      wire.socket.setNoDelay(true);
      for (let at = 0; at < text.length; at += size) {
        wire.send(text.slice(at, at + size));
        if (size < 64) await new Promise(setImmediate);
      }
      await wire.until('"name":"h"');
      expect(answered(wire.text), `in parts of ${size}`).toEqual(names);
    }
  });

  it('a body may contain what looks like the end of a request', async () => {
    const { port } = await serve(echo);
    const body = `{\r\n\r\n"query":\r\n\r\n"{name}",\r\n\r\n"variables":{"name":"a"}}`;
    const head = 'POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n';
    const wire = await Wire.open(port);
    wire.send(`${head}Content-Length: ${body.length}\r\n\r\n${body}${get('b')}`);
    await wire.until('"name":"b"');
    expect(answered(wire.text)).toEqual(['a', 'b']);
  });

  it('a request that waits is answered also after one that was refused', async () => {
    const { port } = await serve(echo);
    const big = `POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n`;
    const wire = await Wire.open(port);
    wire.send(`${get('a', 'nowhere')}${big}${' '.repeat(100_000)}${get('b')}`);
    await wire.until('"name":"b"');
    expect(wire.text.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 404', 'HTTP/1.1 413', 'HTTP/1.1 200']);
  });

  it('nothing runs after a request that says `Connection: close`', async () => {
    const { port } = await serve(echo);
    const last = get('a').replace('Host: x', 'Host: x\r\nConnection: close');
    const wire = (await Wire.open(port)).send(last + get('b'));
    expect(answered(await wire.toEnd())).toEqual(['a']);
  });

  it('a request is answered also if what follows it is not HTTP', async () => {
    const { engine, until, answer } = steppedEngine();
    const { port } = await serve(engine);
    const wire = (await Wire.open(port)).send(`${get('a')}${get('b')}how do you do\r\n\r\n`);
    for (const name of ['a', 'b']) {
      await until(name);
      answer(name);
    }
    const text = await wire.toEnd();
    expect(answered(text)).toEqual(['a', 'b']);
    expect(text).not.toContain('400');
  });

  it('G8: a connection on which too many requests wait is closed', async () => {
    const { engine, begun, until } = steppedEngine();
    const { port } = await serve(engine);
    const wire = (await Wire.open(port)).send(get('a').repeat(500));
    await until('a');
    expect(await wire.toEnd()).toBe('');
    expect(begun).toEqual(['a']);
  });

  it('a client that asks to continue sends its body after 100 Continue', async () => {
    const { port } = await serve(echo);
    const [head, body] = post('a', 'Expect: 100-continue\r\n').split('\r\n\r\n');
    const wire = (await Wire.open(port)).send(`${head}\r\n\r\n`);
    await wire.until('100 Continue');
    wire.send(`${body}${get('b')}`);
    await wire.until('"name":"b"');
    expect(answered(wire.text)).toEqual(['a', 'b']);
  });

  it('another expectation gets 417, and a request without Host gets 400', async () => {
    const { port } = await serve(echo);
    const wire = await Wire.open(port);
    wire.send(get('a').replace('Host: x', 'Host: x\r\nExpect: tea') + get('b').replace('Host: x', 'X: y'));
    expect((await wire.toEnd()).match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 417', 'HTTP/1.1 400']);
  });

  it('a client of HTTP/1.0 gets its answer, and the connection ends', async () => {
    const { port } = await serve(echo);
    const wire = (await Wire.open(port)).send('GET /health HTTP/1.0\r\n\r\n');
    expect(await wire.toEnd()).toMatch(/^HTTP\/1\.1 200 OK.*"ok"/s);
  });
});

describe('a connection with an open stream', () => {
  it('G8: ends if the client sends more requests, which could never be answered', async () => {
    for (const extra of ['GET /health HTTP/1.1\r\nHost: x\r\n\r\n', 'how do you do']) {
      const results = new TestResults();
      const { port } = await serve(engineOf(results));
      results.give({ data: { n: 1 } });
      const wire = (await Wire.open(port)).subscribe();
      await wire.until('event: next');
      wire.send(extra);
      expect(await wire.toEnd()).not.toContain('HTTP/1.1 400');
      await results.released;
    }
  });

  it('G8: ends at once if more requests came with the one for the stream', async () => {
    const results = new TestResults();
    const { port } = await serve(engineOf(results));
    const wire = await Wire.open(port);
    wire.subscribe().send(get('a'));
    await wire.toEnd();
    await results.released;
  });

  it('takes further requests when the stream has ended', async () => {
    const results = new TestResults();
    const engine: Engine = {
      run: async ({ query }) => (query === '{name}' ? { data: { name: 'a' } } : results),
    };
    const { port } = await serve(engine);
    const stream = get('s')
      .replace('application/json', 'text/event-stream')
      .replace('%7Bname%7D', 'subscription');
    const wire = (await Wire.open(port)).send(stream);
    results.give({ data: { n: 1 } });
    await wire.until('event: next');
    results.end();
    await wire.until('event: complete');
    await wire.send(get('a')).until('"name":"a"');
  });

  it('goes on if the client sends an empty line', async () => {
    const results = new TestResults();
    const { port } = await serve(engineOf(results));
    results.give({ data: { n: 1 } });
    const wire = (await Wire.open(port)).subscribe();
    await wire.until('"n":1');
    wire.send('\r\n');
    await new Promise((resolve) => setTimeout(resolve, 20));
    results.give({ data: { n: 2 } });
    await wire.until('"n":2');
  });
});
