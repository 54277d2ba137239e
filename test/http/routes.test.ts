import { describe, expect, it } from 'vitest';
import { engineOf, post, serve, serveSignalbox, Wire } from './support.ts';

const engine = engineOf({ data: null });

describe('routes', () => {
  it('/health answers 200 also while the node is not ready', async () => {
    const { port } = await serve(engine, { ready: () => false });
    const response = await fetch(`http://127.0.0.1:${port}/health`);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ status: 'ok' });
  });

  it('G11: /ready answers 200 while the node is ready, and 503 once it is not', async () => {
    let ready = true;
    const { port } = await serve(engine, { ready: () => ready });
    expect((await fetch(`http://127.0.0.1:${port}/ready`)).status).toBe(200);
    ready = false;
    const response = await fetch(`http://127.0.0.1:${port}/ready`);
    expect(response.status).toBe(503);
    expect(await response.json()).toEqual({ status: 'unavailable' });
  });

  it('/ redirects to /graphql by a relative link, so that it works behind any prefix', async () => {
    const { port } = await serve(engine);
    const response = await fetch(`http://127.0.0.1:${port}/?x=1`, { redirect: 'manual' });
    expect(response.status).toBe(302);
    expect(response.headers.get('location')).toBe('graphql');
  });

  it('with BASE_PATH, all routes are below it, and everything outside is 404 with the path of the API', async () => {
    const { port } = await serveSignalbox({ basePath: '/signal/box' });
    const base = `http://127.0.0.1:${port}`;
    const get = (path: string) => fetch(base + path, { redirect: 'manual' });
    for (const path of ['/health', '/ready', '/graphql?query={__typename}', '/graphql/?query={__typename}'])
      expect((await get(`/signal/box${path}`)).status, path).toBe(200);
    for (const path of ['', '/']) {
      const response = await get(`/signal/box${path}`);
      const link = response.headers.get('location') ?? '';
      expect(new URL(link, `${base}/signal/box${path}`).pathname).toBe('/signal/box/graphql');
    }
    for (const path of ['/', '/health', '/graphql', '/signal', '/signal/boxes/health', '/signal/boxhealth']) {
      const response = await get(path);
      expect(response.status, path).toBe(404);
      expect(await response.json()).toMatchObject({
        errors: [{ message: expect.stringContaining('`/signal/box/graphql`') }],
      });
    }
  });

  it('a target in absolute form is answered as its path is', async () => {
    const { port } = await serveSignalbox();
    for (const [target, answer] of [
      ['http://somewhere.example/health', '{"status":"ok"}'],
      ['HTTPS://somewhere.example:8443/ready?x', '{"status":"ok"}'],
      ['http://somewhere.example/graphql?query=%7B__typename%7D', '{"data":{"__typename":"Query"}}'],
      ['http://somewhere.example', 'Location: graphql\r\n'],
      ['http://somewhere.example?x', 'Location: graphql\r\n'],
      ['ftp://somewhere.example/health', 'HTTP/1.1 404 '],
    ] as const) {
      const wire = await Wire.open(port);
      wire.send(`GET ${target} HTTP/1.1\r\nHost: x\r\n\r\n`);
      await wire.until(answer);
    }
  });

  it('every JSON answer may be stored by no cache, and be taken for nothing but JSON', async () => {
    const { port, url, tokenFor } = await serveSignalbox();
    const headers = { Authorization: `Bearer ${await tokenFor('ada')}` };
    const body = { query: 'mutation { access(username: "ada") { token } }' };
    for (const response of [
      (await post(url, body)).response,
      (await post(url, '{')).response,
      await fetch(`${url}?query={me{id}}`, { headers }),
      await fetch(`${url}?query={me{id}}`),
      await fetch(`http://127.0.0.1:${port}/health`),
      await fetch(`http://127.0.0.1:${port}/nothing`),
    ]) {
      expect(response.headers.get('cache-control')).toBe('no-store');
      expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    }
  });

  it('without GraphiQL, a browser gets 404 with a reason, and the answer to a query in its URL', async () => {
    const { url } = await serveSignalbox({ graphiql: false });
    const headers = { Accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' };
    const page = await fetch(url, { headers });
    expect(page.status).toBe(404);
    expect(await page.json()).toMatchObject({ errors: [{ message: expect.stringContaining('GRAPHIQL') }] });
    const query = await fetch(`${url}?query={__typename}`, { headers });
    expect(await query.json()).toEqual({ data: { __typename: 'Query' } });
  });

  it('without introspection, a query that reads the schema is refused, but `__typename` is answered', async () => {
    const { url } = await serveSignalbox({ introspection: false });
    for (const query of ['{ __schema { types { name } } }', '{ __type(name: "Peer") { name } }']) {
      const { body } = await post(url, { query });
      expect(body.data).toBeUndefined();
      expect(body.errors?.[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT' });
      expect(body.errors?.[0]?.message).toContain('introspection');
    }
    expect((await post(url, { query: '{ __typename }' })).body).toEqual({ data: { __typename: 'Query' } });
  });

  it('an unknown path gets 404 with a GraphQL error', async () => {
    const { port } = await serve(engine);
    for (const path of ['/graph', '/graphql/x', '/%zz', '/../etc/passwd']) {
      const response = await fetch(`http://127.0.0.1:${port}${path}`);
      expect(response.status).toBe(404);
      expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'BAD_USER_INPUT' } }] });
    }
  });

  it('a wrong method gets 405 with the allowed methods', async () => {
    const { port } = await serve(engine);
    for (const [method, path, allow] of [
      ['PUT', '/graphql', 'GET, POST, OPTIONS'],
      ['DELETE', '/graphql', 'GET, POST, OPTIONS'],
      ['POST', '/health', 'GET, HEAD'],
      ['POST', '/ready', 'GET, HEAD'],
      ['POST', '/', 'GET, HEAD'],
    ] as const) {
      const response = await fetch(`http://127.0.0.1:${port}${path}`, { method });
      expect(response.status).toBe(405);
      expect(response.headers.get('allow')).toBe(allow);
    }
  });

  it('a mutation over GET gets 405 and does not run', async () => {
    const { url } = await serveSignalbox();
    const response = await fetch(`${url}?query=mutation{access(username:"ada"){token}}`);
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe('POST');
    expect(await response.json()).not.toHaveProperty('data');
  });
});
