import { describe, expect, it } from 'vitest';
import { post, recordingLog, serveSignalbox, Wire } from './support.ts';

interface Malformed {
  readonly what: string;
  readonly status: number;
  /** What follows `/graphql` in the URL of a GET. Absent: the request is a POST. */
  readonly search?: string;
  readonly body?: string | Uint8Array<ArrayBuffer>;
  readonly type?: string;
  readonly encoding?: string;
  readonly says: RegExp;
}

const json = 'application/json';
const query = '%7B__typename%7D';

const table: Malformed[] = [
  { what: 'a body that is not JSON', body: '{"query"', status: 400, says: /body is not JSON/ },
  { what: 'an empty body', body: '', status: 400, says: /body is not JSON/ },
  { what: 'a batch', body: '[{"query":"{__typename}"}]', status: 400, says: /is an array/ },
  { what: 'a JSON string', body: '"{__typename}"', status: 400, says: /is a string/ },
  { what: 'a JSON null', body: 'null', status: 400, says: /is null/ },
  { what: 'no query', body: '{}', status: 400, says: /`query` is missing/ },
  { what: 'a body that is not UTF-8', body: Uint8Array.of(0x22, 0xff, 0x22), status: 400, says: /not UTF-8/ },
  { what: 'a form', body: 'query=1', type: 'application/x-www-form-urlencoded', status: 415, says: /`appli/ },
  { what: 'plain text', body: '{}', type: 'text/plain', status: 415, says: /`application\/json`/ },
  { what: 'another charset', body: '{}', type: `${json}; charset=latin1`, status: 415, says: /UTF-8/ },
  { what: 'a compressed body', body: 'x', encoding: 'gzip', status: 415, says: /compressed/ },
  { what: 'no parameter at all', search: '', status: 400, says: /`query` is missing/ },
  { what: 'a query twice', search: `?query=${query}&query=${query}`, status: 400, says: /more than once/ },
  {
    what: 'variables that are not JSON',
    search: `?query=${query}&variables={`,
    status: 400,
    says: /not JSON/,
  },
  {
    what: 'variables that are a list',
    search: `?query=${query}&variables=[1]`,
    status: 400,
    says: /an array/,
  },
  {
    what: 'extensions that are a number',
    search: `?query=${query}&extensions=1`,
    status: 400,
    says: /a number/,
  },
  { what: 'half a percent escape', search: '?query=%7', status: 400, says: /percent-encoded/ },
  { what: 'percent escapes that are not UTF-8', search: '?query=%ff', status: 400, says: /percent-encoded/ },
];

describe('requests that are no mistake', () => {
  it('a byte order mark before the body is skipped', async () => {
    const { url } = await serveSignalbox();
    const { status, body } = await post(url, '\uFEFF{"query":"{__typename}"}');
    expect(status).toBe(200);
    expect(body).toEqual({ data: { __typename: 'Query' } });
  });

  it('a persisted query without its text is answered as Apollo Client and urql expect, and with its text it runs', async () => {
    const { url } = await serveSignalbox();
    const extensions = { persistedQuery: { version: 1, sha256Hash: 'ab' } };
    const json = JSON.stringify(extensions);
    const expected = {
      errors: [
        { message: 'PersistedQueryNotSupported', extensions: { code: 'PERSISTED_QUERY_NOT_SUPPORTED' } },
      ],
    };
    for (const response of [
      (await post(url, { extensions, variables: {} })).response,
      (await post(url, { extensions, query: null }, { Accept: 'application/graphql-response+json' }))
        .response,
      await fetch(`${url}?extensions=${encodeURIComponent(json)}&operationName=A`),
    ])
      expect(response.status).toBe(200);
    expect((await post(url, { extensions })).body).toEqual(expected);
    expect(await (await fetch(`${url}?extensions=${encodeURIComponent(json)}`)).json()).toEqual(expected);
    const { body } = await post(url, { extensions, query: '{ __typename }' });
    expect(body).toEqual({ data: { __typename: 'Query' } });
  });
});

describe('malformed requests', () => {
  for (const { what, search, body, type = json, encoding, status, says } of table) {
    it(`a request with a malformed part is refused with an error that names it: ${what}`, async () => {
      const { url } = await serveSignalbox();
      const headers = { 'Content-Type': type, ...(encoding && { 'Content-Encoding': encoding }) };
      const response = await (search === undefined
        ? fetch(url, { method: 'POST', headers, body: body ?? null })
        : fetch(url + search));
      expect(response.status).toBe(status);
      expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
      const { errors } = (await response.json()) as { errors: { message: string; extensions: unknown }[] };
      expect(errors).toHaveLength(1);
      expect(errors[0]?.message).toMatch(says);
      expect(errors[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT' });
    });
  }

  it('a request that is not HTTP gets 400, and its connection ends', async () => {
    const { port } = await serveSignalbox();
    const wire = await Wire.open(port);
    expect(await wire.send('how do you do\r\n\r\n').toEnd()).toMatch(/^HTTP\/1\.1 400 /);
  });

  it('many requests that are not HTTP are one line of the log a second, with their count', async () => {
    const lines: string[] = [];
    const { port, http } = await serveSignalbox({ log: recordingLog(lines) });
    const since = performance.now();
    for (let i = 0; i < 50; i++) {
      const wire = await Wire.open(port);
      await wire.send('how do you do\r\n\r\n').toEnd();
    }
    await http.close();
    const counts = lines
      .map((line) => JSON.parse(line))
      .filter(({ level, msg }) => level === 40 && msg === 'an HTTP connection failed')
      .map(({ count }) => count);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(50);
    expect(counts.length).toBeLessThanOrEqual(2 + (performance.now() - since) / 1000);
  });

  it('a request whose headers are too large gets 431', async () => {
    const { port } = await serveSignalbox();
    const wire = await Wire.open(port);
    wire.send(`GET /graphql HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(20_000)}\r\n\r\n`);
    expect(await wire.toEnd()).toMatch(/^HTTP\/1\.1 431 /);
  });

  it('a malformed request during an event stream does not write into the stream', async () => {
    const { port, tokenFor } = await serveSignalbox();
    const wire = await Wire.open(port);
    const token = await tokenFor('ada');
    wire.send(
      `GET /graphql?query=subscription%7Bmessages%7Bcursor%7D%7D&access_token=${token} HTTP/1.1\r\n` +
        'Host: x\r\nAccept: text/event-stream\r\n\r\n',
    );
    await wire.until('event: next');
    expect(await wire.send('how do you do\r\n\r\n').toEnd()).not.toContain('Bad Request');
  });
});

describe('a body that is too large', () => {
  /** The limit of a body: four times `maxDataBytes`, plus 64 KiB. */
  const maxBytes = 4 * 1024 + 64 * 1024;
  const sized = (bytes: number) => {
    const bare = JSON.stringify({ query: '{__typename}', operationName: null });
    return bare.slice(0, -1) + ' '.repeat(bytes - bare.length) + bare.slice(-1);
  };

  it('a body of exactly the maximum size is accepted', async () => {
    const { url } = await serveSignalbox();
    const { status, body } = await post(url, sized(maxBytes));
    expect(status).toBe(200);
    expect(body).toEqual({ data: { __typename: 'Query' } });
  });

  it('a body one byte above the maximum size gets 413', async () => {
    const { url } = await serveSignalbox();
    for (const bytes of [maxBytes + 1, 1024 * 1024]) {
      const { status, body } = await post(url, sized(bytes));
      expect(status).toBe(413);
      expect(body.errors?.[0]?.extensions).toEqual({ code: 'PAYLOAD_TOO_LARGE' });
    }
  });

  it('a body without Content-Length gets 413 as soon as it exceeds the maximum size', async () => {
    const { port } = await serveSignalbox();
    const wire = await Wire.open(port);
    wire.send(
      'POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n' +
        'Transfer-Encoding: chunked\r\n\r\n',
    );
    const chunk = `4000\r\n${' '.repeat(0x4000)}\r\n`;
    // More than the maximum size, without the last chunk.
    wire.send(chunk.repeat(5));
    await wire.until('HTTP/1.1 413 ');
  });
});
