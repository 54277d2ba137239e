import { request } from 'node:http';
import { describe, expect, it } from 'vitest';
import { engineOf, serve, serveSignalbox, Wire } from './support.ts';

const engine = engineOf({ data: null });

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

  it('with CORS_ORIGINS, only pages of a listed origin may read answers, and they may send credentials', async () => {
    const { url } = await serveSignalbox({ corsOrigins: ['https://app.example', 'capacitor://localhost'] });
    const ask = async (Origin: string | undefined, method = 'GET') => {
      const headers = { ...(Origin !== undefined && { Origin }) };
      const { headers: got } = await fetch(`${url}?query={__typename}`, { method, headers });
      return Object.fromEntries([...got].filter(([name]) => /^access-control|^vary/.test(name)));
    };
    for (const origin of ['https://app.example', 'capacitor://localhost']) {
      expect(await ask(origin)).toEqual({
        'access-control-allow-credentials': 'true',
        'access-control-allow-origin': origin,
        'access-control-expose-headers': 'Retry-After',
        vary: 'Origin',
      });
      expect(await ask(origin, 'OPTIONS')).toMatchObject({
        'access-control-allow-origin': origin,
        'access-control-allow-methods': 'GET, POST, OPTIONS',
        vary: 'Origin, Access-Control-Request-Headers',
      });
    }
    for (const origin of ['https://evil.example', 'https://app.example.evil', 'null', undefined]) {
      expect(await ask(origin)).toEqual({ vary: 'Origin' });
      expect(await ask(origin, 'OPTIONS')).toEqual({ vary: 'Origin, Access-Control-Request-Headers' });
    }
  });

  it('with CORS_ORIGINS, an event stream may be read by a page of a listed origin', async () => {
    const { url, tokenFor } = await serveSignalbox({ corsOrigins: ['https://app.example'] });
    const stream = `?query=subscription{messages{cursor}}&access_token=${await tokenFor('ada')}`;
    const headers = { Accept: 'text/event-stream', Origin: 'https://app.example' };
    const response = await fetch(url + stream, { headers });
    expect(response.headers.get('access-control-allow-origin')).toBe('https://app.example');
    await response.body?.cancel();
  });
});

describe('the header Host', () => {
  const statusFor = async (port: number, host: string, target = '/health') => {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const req = request({ host: '127.0.0.1', port, path: target, headers: { host }, agent: false }, (res) => {
      res
        .setEncoding('utf8')
        .on('data', (text: string) => resolve(`${res.statusCode} ${text}`))
        .on('error', reject);
    });
    req.on('error', reject).end();
    return promise;
  };

  it('a server on a loopback address refuses a request for a foreign host, whatever the port: DNS rebinding', async () => {
    for (const host of ['localhost', '127.0.0.1', '::1', '127.8.8.8']) {
      const { port } = await serve(engine, { host });
      for (const name of ['localhost', 'LOCALHOST:4000', '127.0.0.1:80', '[::1]', '[::1]:4000'])
        expect(await statusFor(port, name), name).toMatch(/^200 /);
      for (const name of [
        'evil.example',
        'evil.example:4000',
        'localhost.evil.example',
        '127.0.0.2',
        '[::2]',
      ]) {
        const answer = await statusFor(port, name);
        expect(answer, name).toMatch(/^421 .*"This server takes only requests for localhost, /);
        expect(answer).toContain('`Host: localhost`');
      }
      expect(await statusFor(port, 'localhost', 'http://evil.example/health')).toMatch(/^421 /);
      expect(await statusFor(port, 'evil.example', 'http://localhost/health')).toMatch(/^200 /);
    }
    const { port } = await serve(engine, { host: '127.8.8.8' });
    expect(await statusFor(port, '127.8.8.8:4000')).toMatch(/^200 /);
  });

  it('a server on another address takes a request for any host, and any server takes one of HTTP/1.0 without a host', async () => {
    const open = await serve(engine, { host: '0.0.0.0' });
    expect(await statusFor(open.port, 'signal.example')).toMatch(/^200 /);
    const loopback = await serve(engine, { host: 'localhost' });
    await (await Wire.open(loopback.port)).send('GET /health HTTP/1.0\r\n\r\n').until('"ok"');
  });
});
