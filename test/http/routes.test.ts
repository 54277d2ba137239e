import { describe, expect, it } from 'vitest';
import { engineOf, serve, serveSignalbox } from './support.ts';

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

  it('/ redirects to /graphql', async () => {
    const { port } = await serve(engine);
    const response = await fetch(`http://127.0.0.1:${port}/?x=1`, { redirect: 'manual' });
    expect(response.status).toBe(302);
    expect(response.headers.get('location')).toBe('/graphql');
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

describe('CORS', () => {
  it('a CORS preflight is allowed the headers that it names', async () => {
    const { url } = await serve(engine);
    const response = await fetch(url, {
      method: 'OPTIONS',
      headers: {
        Origin: 'https://app.example',
        'Access-Control-Request-Method': 'POST',
        'Access-Control-Request-Headers': 'authorization,content-type,x-own',
      },
    });
    expect(response.status).toBe(204);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'access-control-allow-origin': '*',
      'access-control-allow-methods': 'GET, POST, OPTIONS',
      'access-control-allow-headers': 'authorization,content-type,x-own',
      'access-control-max-age': '86400',
      vary: 'Access-Control-Request-Headers',
    });
    expect(response.headers.has('access-control-allow-credentials')).toBe(false);
  });

  it('a CORS preflight that names no headers is allowed those that the API reads', async () => {
    const { url } = await serve(engine);
    const response = await fetch(url, { method: 'OPTIONS' });
    expect(response.headers.get('access-control-allow-headers')).toBe(
      'authorization, content-type, last-event-id, cache-control',
    );
  });

  it('responses, errors and event streams may be read by a page of any origin', async () => {
    const { url, tokenFor } = await serveSignalbox();
    const stream = `?query=subscription{messages{cursor}}&access_token=${await tokenFor('ada')}`;
    for (const [search, Accept] of [
      ['?query={__typename}', 'application/json'],
      ['?query={', 'application/json'],
      ['', 'application/json'],
      ['', 'image/png'],
      [stream, 'text/event-stream'],
    ] as const) {
      const response = await fetch(url + search, { headers: { Accept } });
      expect(response.headers.get('access-control-allow-origin')).toBe('*');
      expect(response.headers.get('access-control-expose-headers')).toBe('Retry-After');
      await response.body?.cancel();
    }
  });
});
