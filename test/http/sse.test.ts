import { GraphQLError } from 'graphql';
import { describe, expect, it } from 'vitest';
import { cut, engineOf, recordingLog, serve, serveSignalbox, TestResults, Wire } from './support.ts';

const head = [
  'HTTP/1.1 200 OK',
  'Access-Control-Allow-Origin: *',
  'Access-Control-Expose-Headers: Retry-After',
  'Content-Type: text/event-stream; charset=utf-8',
  'Cache-Control: no-cache, no-transform',
  'X-Accel-Buffering: no',
];

describe('an event stream on the wire', () => {
  it('the headers of an event stream are sent at once, before the first event', async () => {
    const { port } = await serve(engineOf(new TestResults()));
    const wire = (await Wire.open(port)).subscribe();
    await wire.until('\r\n\r\n');
    expect(wire.text.split('\r\n').slice(0, head.length)).toEqual(head);
    expect(wire.body).toBe('');
  });

  it('G3: an event has its cursor as its id, and a stream that is cut ends without `complete`', async () => {
    const { port, hub, tokenFor } = await serveSignalbox();
    const wire = (await Wire.open(port)).subscribe([`Authorization: Bearer ${await tokenFor('ada')}`]);
    await wire.until('\n\n');
    await hub.close();
    await wire.toEnd();
    const cursor = /id: (\d+)/.exec(wire.body)?.[1];
    expect(wire.body).toBe(
      `event: next\nid: ${cursor}\ndata: {"data":{"messages":{"cursor":"${cursor}"}}}\n\n:\n\n`,
    );
  });

  it('G3: a stream opened with the header `Last-Event-ID` resumes from that cursor', async () => {
    const { port, tokenFor } = await serveSignalbox();
    const authorization = `Authorization: Bearer ${await tokenFor('ada')}`;
    const first = (await Wire.open(port)).subscribe([authorization]);
    await first.until('\n\n');
    const cursor = /id: (\d+)/.exec(first.body)?.[1];
    first.socket.destroy();
    const second = (await Wire.open(port)).subscribe([authorization, `Last-Event-ID: ${cursor}`]);
    await second.until('\n\n');
    expect(second.body).toBe(first.body);
  });

  it('each event of a stream is one chunk, and a comment follows the first event in its chunk', async () => {
    const results = new TestResults();
    const { port } = await serve(engineOf(results));
    const wire = await Wire.open(port);
    wire.send('GET /graphql?query=a HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n');
    results.give({ data: { a: 1 } }, { data: { a: 'é' } });
    results.end();
    await wire.until('\r\n0\r\n\r\n');
    expect(wire.body).toBe(
      '27\r\nevent: next\ndata: {"data":{"a":1}}\n\n:\n\n\r\n' +
        '27\r\nevent: next\ndata: {"data":{"a":"é"}}\n\n\r\n' +
        '17\r\nevent: complete\ndata:\n\n\r\n' +
        '0\r\n\r\n',
    );
  });

  it('G5: a replaced stream ends with the error REPLACED, without an id, and then `complete`', async () => {
    const { port, tokenFor } = await serveSignalbox();
    const authorization = `Authorization: Bearer ${await tokenFor('ada')}`;
    const first = (await Wire.open(port)).subscribe([authorization]);
    await first.until('\n\n');
    (await Wire.open(port)).subscribe([authorization]);
    await first.toEnd();
    expect(first.body.split('\n\n').slice(2).join('\n\n')).toMatch(
      /^event: next\ndata: \{"errors":\[\{.*"code":"REPLACED".*\n\nevent: complete\ndata:\n\n$/,
    );
  });

  it('a stream ends without `complete` if its results fail, and the log has the error', async () => {
    const results = new TestResults();
    const lines: string[] = [];
    const { port } = await serve(engineOf(results), { log: recordingLog(lines) });
    const wire = (await Wire.open(port)).subscribe();
    results.give({ data: { a: 1 } });
    await wire.until('\n\n');
    results.fail(new Error('out of order'));
    await wire.toEnd();
    expect(wire.body).toBe('event: next\ndata: {"data":{"a":1}}\n\n:\n\n');
    expect(lines.join('')).toContain('out of order');
  });

  it('a stream that is cut breaks off: its last chunk is missing in HTTP/1.1, and HTTP/1.0 gets a reset', async () => {
    const streams = [new TestResults(), new TestResults()];
    const [chunked, plain] = streams;
    const answers = [...streams];
    const { port } = await serve({ run: async () => answers.shift() ?? { data: null } });
    const modern = await Wire.open(port);
    modern.send('GET /graphql?query=a HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n');
    chunked?.give({ data: { a: 1 } });
    await modern.until('"a":1');
    const old = (await Wire.open(port)).subscribe();
    plain?.give({ data: { b: 1 } });
    await old.until('"b":1');
    for (const results of streams) results.fail(cut());
    await Promise.all([modern.closed, old.closed]);
    expect(modern.body).toBe('27\r\nevent: next\ndata: {"data":{"a":1}}\n\n:\n\n\r\n');
    expect(modern.failure).toBeUndefined();
    expect(old.failure).toBe('ECONNRESET');
  });

  it('a stream that is cut right after an event delivers the event', async () => {
    for (const version of ['1.0', '1.1']) {
      const results = new TestResults();
      const { port } = await serve(engineOf(results));
      const wire = await Wire.open(port);
      wire.send(`GET /graphql?query=a HTTP/${version}\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n`);
      await wire.until('\r\n\r\n');
      results.give({ data: { a: 'x'.repeat(10_000) } });
      results.fail(cut());
      await wire.closed;
      expect(wire.body, version).toContain(`${'x'.repeat(10_000)}"}}\n\n`);
    }
  });

  it('a stream that is complete ends as HTTP requires, and its connection takes another request', async () => {
    const results = new TestResults();
    const { port } = await serve(engineOf(results));
    const wire = await Wire.open(port);
    wire.send('GET /graphql?query=a HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n');
    results.end();
    await wire.until('event: complete\ndata:\n\n\r\n0\r\n\r\n');
    wire.send('GET /health HTTP/1.1\r\nHost: x\r\n\r\n');
    await wire.until('{"status":"ok"}');
  });

  it('G12: an event has no character that readers of event streams take for the end of a line', async () => {
    const text = 'a\u2028b\u2029c\u0085d\n\re';
    const { url } = await serve(engineOf({ data: { text } }));
    const response = await fetch(`${url}?query=a`, { headers: { Accept: 'text/event-stream' } });
    const body = await response.text();
    expect(body).toBe(
      'event: next\ndata: {"data":{"text":"a\\u2028b\\u2029c\\u0085d\\n\\re"}}\n\nevent: complete\ndata:\n\n',
    );
    expect(JSON.parse(/data: (.*)/.exec(body)?.[1] ?? '')).toEqual({ data: { text } });
  });

  it('G3: a GET takes the cursor also as `lastEventId` or `last_event_id`, which win over `after`; the header wins', async () => {
    const { port, tokenFor } = await serveSignalbox();
    const authorization = `Authorization: Bearer ${await tokenFor('ada')}`;
    const first = (await Wire.open(port)).subscribe([authorization]);
    await first.until('\n\n');
    const cursor = /id: (\d+)/.exec(first.body)?.[1];
    const query = encodeURIComponent(
      'subscription { messages(after: "1") { cursor ... on Connected { resumed } } }',
    );
    const ask = async (search: string, headers: readonly string[] = []) => {
      const wire = await Wire.open(port);
      const lines = [`GET /graphql?query=${query}&${search} HTTP/1.0`, authorization, ...headers];
      wire.send(`${lines.join('\r\n')}\r\nAccept: text/event-stream\r\n\r\n`);
      await wire.until('\n\n');
      return wire.body;
    };
    const resumed = `{"messages":{"cursor":"${cursor}","resumed":true}}`;
    expect(await ask(`lastEventId=${cursor}`)).toContain(resumed);
    expect(await ask(`last_event_id=${cursor}`)).toContain(resumed);
    expect(await ask('lastEventId=2', [`Last-Event-ID: ${cursor}`])).toContain(resumed);
    expect(await ask('lastEventId=x')).toContain('BAD_USER_INPUT');
  });

  it('a stream that is cut ends without `complete`, and the log has no warning', async () => {
    const results = new TestResults();
    const lines: string[] = [];
    const { port } = await serve(engineOf(results), { log: recordingLog(lines) });
    const wire = (await Wire.open(port)).subscribe();
    await wire.until('\r\n\r\n');
    results.fail(cut());
    await wire.toEnd();
    expect(wire.body).toBe('');
    expect(lines.filter((line) => JSON.parse(line).level > 20)).toEqual([]);
    expect(results.returned).toBe(0);
  });

  it('a quiet stream gets comments', async () => {
    const { port } = await serve(engineOf(new TestResults()), { pingSeconds: 0.01 });
    const wire = (await Wire.open(port)).subscribe();
    await wire.until('\r\n\r\n:\n\n:\n\n:\n\n');
    expect(wire.body).toMatch(/^(:\n\n)+$/);
  });

  it('a stream with heartbeats gets no comments but the first', async () => {
    const beating = new TestResults(true);
    const quiet = new TestResults();
    const answers = [beating, quiet];
    const { port } = await serve(
      { run: async () => answers.shift() ?? { data: null } },
      { pingSeconds: 0.01 },
    );
    const wire = (await Wire.open(port)).subscribe();
    await wire.until('\r\n\r\n');
    // The comments on another stream show that there was time for comments on this one.
    const other = (await Wire.open(port)).subscribe();
    await other.until(':\n\n:\n\n:\n\n:\n\n:\n\n');
    beating.give({ data: { beat: 1 } });
    await wire.until('beat');
    expect(wire.body).toBe('event: next\ndata: {"data":{"beat":1}}\n\n:\n\n');
  });

  it('a result that goes to three streams is encoded once', async () => {
    let encoded = 0;
    const data = {
      toJSON() {
        encoded++;
        return { a: 1 };
      },
    };
    const shared = { data };
    const streams = [new TestResults(), new TestResults(), new TestResults()];
    const answers = [...streams];
    const { port } = await serve({ run: async () => answers.shift() ?? { data: null } });
    for (const results of streams) {
      results.give(shared);
      await (await Wire.open(port)).subscribe().until('{"a":1}');
    }
    expect(encoded).toBe(1);
  });
});

describe('errors', () => {
  it('an error sets the HTTP status and headers, and its body does not show them', async () => {
    const extensions = { code: 'NOT_CONNECTED', http: { status: 409, headers: { 'X-Why': 'so' } } };
    const { url } = await serve(engineOf({ data: null, errors: [new GraphQLError('no', { extensions })] }));
    for (let i = 0; i < 2; i++) {
      const response = await fetch(`${url}?query=a`);
      expect(response.status).toBe(409);
      expect(response.headers.get('x-why')).toBe('so');
      expect(await response.json()).toEqual({
        data: null,
        errors: [{ message: 'no', extensions: { code: 'NOT_CONNECTED' } }],
      });
    }
  });

  it('an unexpected error is masked in the response, and the log has it', async () => {
    const lines: string[] = [];
    const run = async () => Promise.reject(new Error('a secret'));
    const { url } = await serve({ run }, { log: recordingLog(lines) });
    const response = await fetch(`${url}?query=a`);
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain('a secret');
    expect(lines.join('')).toContain('a secret');
  });

  it('a request with a token in its URL is logged without the token', async () => {
    const lines: string[] = [];
    const { url, tokenFor } = await serveSignalbox({ log: recordingLog(lines) });
    const token = await tokenFor('ada');
    const headers = { Accept: 'text/event-stream', Authorization: `Bearer ${token}` };
    await (await fetch(`${url}?query={me{id}}&access_token=${token}`, { headers })).text();
    // When this request is answered, the first one is in the log.
    await (await fetch(`${url}?query={me{id}}`, { headers })).text();
    expect(lines.join('')).toContain('"path":"/graphql"');
    expect(lines.join('')).not.toContain(token);
    expect(lines.join('')).not.toContain('access_token');
  });
});
