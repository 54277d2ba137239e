import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { SignalboxError } from '../../src/errors.ts';
import { toPublicError } from '../../src/graphql/errors.ts';
import { cut, engineOf, openTo, post, serve, serveSignalbox, silent, TestResults, Wire } from './support.ts';

const parts = 'multipart/mixed;boundary=graphql;subscriptionSpec=1.0';
/** The header `Accept` of Apollo Client. */
const accept = `${parts},application/graphql-response+json,application/json;q=0.9`;

const delimiter = '\r\n--graphql';
const part = (json: string) => `\r\nContent-Type: application/json\r\n\r\n${json}${delimiter}`;
const heartbeat = part('{}');

/** Asks for a stream of parts. In HTTP/1.0 the body has no chunk headers. */
function subscribe(wire: Wire, headers: readonly string[] = [], version = '1.0'): Wire {
  const query = encodeURIComponent('subscription { messages { cursor } }');
  const lines = [`GET /graphql?query=${query} HTTP/${version}`, 'Host: x', `Accept: ${accept}`, ...headers];
  return wire.send(`${lines.join('\r\n')}\r\n\r\n`);
}

describe('a stream of parts on the wire', () => {
  it('the headers and the first delimiter are sent at once, before the first message', async () => {
    const { port } = await serve(engineOf(new TestResults()));
    const wire = subscribe(await Wire.open(port));
    await wire.until(delimiter);
    expect(wire.text.split('\r\n').slice(0, 6)).toEqual([
      'HTTP/1.1 200 OK',
      'Access-Control-Allow-Origin: *',
      'Access-Control-Expose-Headers: Retry-After',
      'Content-Type: multipart/mixed;boundary="graphql";subscriptionSpec=1.0',
      'Cache-Control: no-cache, no-transform',
      'X-Accel-Buffering: no',
    ]);
    expect(wire.body).toBe(delimiter);
  });

  it('each message is one chunk that ends with the next delimiter, and a heartbeat follows the first', async () => {
    const results = new TestResults();
    const { port } = await serve(engineOf(results));
    const wire = subscribe(await Wire.open(port), [], '1.1');
    results.give({ data: { a: 1 } }, { data: { a: 'é' } });
    results.end();
    await wire.until('\r\n0\r\n\r\n');
    const chunk = (text: string) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
    expect(wire.body).toBe(
      [
        chunk(delimiter),
        chunk(part('{"payload":{"data":{"a":1}}}') + heartbeat),
        chunk(part('{"payload":{"data":{"a":"é"}}}')),
        chunk('--\r\n'),
        '0\r\n\r\n',
      ].join(''),
    );
    // The response has ended as HTTP requires: its connection takes another request.
    wire.send('GET /health HTTP/1.1\r\nHost: x\r\n\r\n');
    await wire.until('{"status":"ok"}');
  });

  it('G3: a stream of parts resumes from the header `Last-Event-ID`', async () => {
    const { port, tokenFor } = await serveSignalbox();
    const authorization = `Authorization: Bearer ${await tokenFor('ada')}`;
    const first = subscribe(await Wire.open(port), [authorization]);
    await first.until(heartbeat);
    const cursor = /"cursor":"(\d+)"/.exec(first.body)?.[1];
    expect(first.body).toBe(
      delimiter + part(`{"payload":{"data":{"messages":{"cursor":"${cursor}"}}}}`) + heartbeat,
    );
    first.socket.destroy();
    const second = subscribe(await Wire.open(port), [authorization, `Last-Event-ID: ${cursor}`]);
    await second.until(heartbeat);
    expect(second.body).toBe(first.body);
  });

  it('G3: a stream of parts that is cut breaks off without its last delimiter, in every version of HTTP', async () => {
    const streams = [new TestResults(), new TestResults()];
    const answers = [...streams];
    const { port } = await serve({ run: async () => answers.shift() ?? { data: null } });
    const modern = subscribe(await Wire.open(port), [], '1.1');
    await modern.until(delimiter);
    const old = subscribe(await Wire.open(port));
    await old.until(delimiter);
    for (const results of streams) {
      results.give({ data: { a: 1 } });
      results.fail(cut());
    }
    await Promise.all([modern.closed, old.closed]);
    const sent = part('{"payload":{"data":{"a":1}}}') + heartbeat;
    expect(modern.body).toContain(sent);
    expect(modern.body.endsWith(`${sent}\r\n`), 'there is no last chunk').toBe(true);
    expect(modern.failure).toBeUndefined();
    expect(old.body).toBe(delimiter + sent);
    expect(old.failure).toBe('ECONNRESET');
  });

  it('G5: a replaced stream of parts ends with the error REPLACED as payload, and the last delimiter', async () => {
    const { port, tokenFor } = await serveSignalbox();
    const authorization = `Authorization: Bearer ${await tokenFor('ada')}`;
    const first = subscribe(await Wire.open(port), [authorization]);
    await first.until(heartbeat);
    subscribe(await Wire.open(port), [authorization]);
    await first.toEnd();
    expect(first.body.slice(first.body.indexOf(heartbeat) + heartbeat.length)).toMatch(
      /^\r\nContent-Type: application\/json\r\n\r\n\{"payload":\{"errors":\[\{.*"code":"REPLACED".*\}\r\n--graphql--\r\n$/,
    );
  });

  it('a quiet stream of parts gets heartbeats; one with Heartbeat messages gets none but the first', async () => {
    const beating = new TestResults(true);
    const answers = [beating, new TestResults()];
    const { port } = await serve(
      { run: async () => answers.shift() ?? { data: null } },
      { pingSeconds: 0.01 },
    );
    const wire = subscribe(await Wire.open(port));
    await wire.until(delimiter);
    const quiet = subscribe(await Wire.open(port));
    await quiet.until(delimiter + heartbeat.repeat(5));
    beating.give({ data: { beat: 1 } });
    await wire.until('beat');
    expect(wire.body).toBe(delimiter + part('{"payload":{"data":{"beat":1}}}') + heartbeat);
  });

  it('G8: a client that does not read its parts stops its own stream, and its results are released once', async () => {
    const page = 'x'.repeat(64 * 1024);
    const results = new TestResults();
    const { http, port } = await serve(engineOf(results));
    const { wire, serverSide } = await openTo(http, port);
    wire.socket.pause();
    subscribe(wire);
    await once(http.server, 'request');
    results.give(...Array.from({ length: 1000 }, () => ({ data: { page } })));
    let taken: number;
    do {
      taken = results.taken;
      await (await fetch(`http://127.0.0.1:${port}/health`)).text();
    } while (taken === 0 || results.taken > taken);
    expect(taken).toBeLessThan(1000);
    expect(serverSide.writableLength).toBeLessThan(4 * page.length);
    wire.socket.destroy();
    await results.released;
    expect(results.returned).toBe(1);
  });

  it('a result that goes to an event stream and to a stream of parts has the form of each', async () => {
    const shared = { data: { a: 'b\u2028c' } };
    const streams = [new TestResults(), new TestResults()];
    const answers = [...streams];
    const { port } = await serve({ run: async () => answers.shift() ?? { data: null } });
    for (const results of streams) results.give(shared);
    const events = (await Wire.open(port)).subscribe();
    await events.until('\n\n:\n\n');
    const wire = subscribe(await Wire.open(port));
    await wire.until(heartbeat);
    expect(events.body).toBe('event: next\ndata: {"data":{"a":"b\\u2028c"}}\n\n:\n\n');
    expect(wire.body).toBe(delimiter + part('{"payload":{"data":{"a":"b\\u2028c"}}}') + heartbeat);
  });
});

describe('an answer to a client that takes parts', () => {
  it('a refusal before the stream begins is JSON with its status if the client takes JSON too', async () => {
    const { url } = await serveSignalbox();
    const query = 'subscription { messages { cursor } }';
    const { response, body } = await post(url, { query }, { Accept: accept });
    expect(response.status).toBe(401);
    expect(response.headers.get('content-type')).toBe('application/graphql-response+json; charset=utf-8');
    expect(body.errors?.[0]?.extensions).toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  it('UNAVAILABLE is 503 with `Retry-After`, also for a GET that takes parts only', async () => {
    const errors = [toPublicError(new SignalboxError('UNAVAILABLE'), silent)];
    const { url } = await serve(engineOf({ errors }));
    const response = await fetch(`${url}?query=a`, { headers: { Accept: parts } });
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('1');
    expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'UNAVAILABLE' } }] });
  });

  it('a query is one part and the last delimiter if the client takes parts only', async () => {
    const { url } = await serveSignalbox();
    const response = await fetch(`${url}?query={__typename}`, { headers: { Accept: parts } });
    expect(await response.text()).toBe(
      `${delimiter}${part('{"payload":{"data":{"__typename":"Query"}}}')}--\r\n`,
    );
  });

  it('a token in the URL does not count for a client that takes parts: it can set the header', async () => {
    const { url, tokenFor } = await serveSignalbox();
    const search = `query={me{id}}&access_token=${await tokenFor('ada')}`;
    const response = await fetch(`${url}?${search}`, { headers: { Accept: parts } });
    expect(response.status).toBe(401);
  });
});
