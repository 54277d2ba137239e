import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { buildSession } from '../../src/pages/build.ts';
import { engineOf, serve } from './support.ts';

const html = { Accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };

async function servePages(options: { basePath?: string; graphiql?: boolean } = {}): Promise<string> {
  const { port } = await serve(engineOf({ data: null }), options);
  return `http://127.0.0.1:${port}`;
}

/** The files that a page loads. */
function assetsOf(page: string, url: string): string[] {
  const links = [...page.matchAll(/(?:src|href)="([^"]*(?:assets|graphiql)\/[^"]+)"/g)];
  return links.map(([, link = '']) => new URL(link, url).href);
}

/** The bytes of GraphiQL's page, its scripts and its style, as they are sent. */
async function weighGraphiQL(url: string, encoding: string): Promise<number> {
  const headers = { ...html, 'Accept-Encoding': encoding };
  const seen = new Set<string>();
  const weigh = async (address: string): Promise<number> => {
    if (seen.has(address)) return 0;
    seen.add(address);
    const response = await fetch(address, { headers });
    expect([address, response.status]).toEqual([address, 200]);
    let bytes = Number(response.headers.get('content-length'));

    const text = await response.text();
    const links = address.endsWith('.js')
      ? [...text.matchAll(/["'`]\.\/([\w.-]+\.(?:js|css))["'`]/g)].map(
          ([, name]) => `${url}/graphiql/${name}`,
        )
      : assetsOf(text, address);
    for (const link of links) bytes += await weigh(link);
    return bytes;
  };
  return await weigh(`${url}/graphql`);
}

describe('the pages', () => {
  it('a browser gets the start page at /, and another client is still sent to the API', async () => {
    const url = await servePages();
    const page = await fetch(url, { headers: html });
    expect(page.status).toBe(200);
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(await page.text()).toContain('<title>Signalbox</title>');
    const other = await fetch(url, { redirect: 'manual' });
    expect([other.status, other.headers.get('location')]).toEqual([302, 'graphql']);
  });

  it('every page runs its own files alone: no script or style of a page is inline', async () => {
    const url = await servePages();
    for (const path of ['/', '/draw/harbour', '/draw/a%20b', '/graphql']) {
      const response = await fetch(url + path, { headers: html });
      const policy = response.headers.get('content-security-policy') ?? '';
      expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
      expect(policy).not.toContain('unsafe');
      const text = await response.text();
      expect(text).not.toMatch(/<style|style=|\son\w+=|<script(?![^>]*\ssrc=)/);
      const assets = assetsOf(text, url + path);
      expect(assets.length).toBeGreaterThan(1);
      for (const asset of assets) {
        const file = await fetch(asset);
        expect([asset, file.status]).toEqual([asset, 200]);
        expect(file.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
      }
    }
  });

  it('the start page and all that it loads have less than 30 KB', async () => {
    const url = await servePages();
    const text = await (await fetch(url, { headers: html })).text();
    let bytes = text.length;
    for (const asset of assetsOf(text, `${url}/`)) {
      bytes += (await (await fetch(asset)).arrayBuffer()).byteLength;
    }
    expect(bytes).toBeGreaterThan(5000);
    expect(bytes).toBeLessThan(30_000);
  });

  it('GraphiQL loads less than 1.5 MB, and less than 450 KB compressed', async () => {
    const url = await servePages();
    const [raw, compressed] = await Promise.all([weighGraphiQL(url, 'identity'), weighGraphiQL(url, 'gzip')]);
    expect(raw).toBeGreaterThan(500_000);
    expect(raw).toBeLessThan(1_500_000);
    expect(compressed).toBeLessThan(450_000);
  });

  it('GraphiQL’s page is compressed if the browser accepts it, and answered with 304 if it has not changed', async () => {
    const url = `${await servePages()}/graphql`;
    const headers = { ...html, 'Accept-Encoding': 'gzip' };
    const first = await fetch(url, { headers });
    expect(first.headers.get('content-encoding')).toBe('gzip');
    expect(first.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(first.headers.get('cache-control')).toBe('no-cache');
    expect(first.headers.get('vary')).toBe('Accept, Accept-Encoding');
    expect(await first.text()).toMatch(/^<!doctype html>[\s\S]*<title>Signalbox GraphiQL<\/title>/);
    const etag = first.headers.get('etag') ?? '';
    for (const known of [etag, `"other", W/${etag}`]) {
      expect((await fetch(url, { headers: { ...headers, 'If-None-Match': known } })).status).toBe(304);
    }
    for (const encoding of ['identity', 'gzip;q=0']) {
      const plain = await fetch(url, { headers: { ...headers, 'Accept-Encoding': encoding } });
      expect(plain.headers.has('content-encoding')).toBe(false);
      expect(await plain.text()).toMatch(/^<!doctype html>/);
    }
  });

  it('without GraphiQL, its page and its files are not there, and the other pages are', async () => {
    const [on, off] = [await servePages(), await servePages({ graphiql: false })];
    const page = await (await fetch(`${on}/graphql`, { headers: html })).text();
    const script = new URL(assetsOf(page, `${on}/graphql`).at(-1) ?? '').pathname;
    expect((await fetch(on + script)).status).toBe(200);
    expect((await fetch(off + script)).status).toBe(404);
    expect((await fetch(`${off}/graphql`, { headers: html })).status).toBe(404);
    expect(await (await fetch(on, { headers: html })).text()).toContain('GraphiQL');
    expect(await (await fetch(off, { headers: html })).text()).not.toContain('GraphiQL');
  });

  it('/client.js is a module of at most 8 KB compressed, which pages of any origin may use', async () => {
    const url = await servePages();
    const response = await fetch(`${url}/client.js`, { headers: { 'Accept-Encoding': 'gzip' } });
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
    expect(response.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
    expect(response.headers.get('content-encoding')).toBe('gzip');
    expect(Number(response.headers.get('content-length'))).toBeLessThanOrEqual(8 * 1024);
    const code = await response.text();
    const client = await import(`data:text/javascript;base64,${Buffer.from(code).toString('base64')}`);
    expect(Object.keys(client)).toEqual(expect.arrayContaining(['connect', 'MESSAGES', 'SignalboxError']));
    const again = await fetch(`${url}/client.js`, {
      headers: { 'If-None-Match': response.headers.get('etag') ?? '' },
    });
    expect(again.status).toBe(304);
  });

  it('the client without the mesh has less than 5.5 KB compressed', async () => {
    expect(gzipSync(await buildSession()).length).toBeLessThan(5500);
  });

  it('a page below another path finds its files there', async () => {
    const url = await servePages({ basePath: '/box' });
    const paths = ['/box', '/box/', '/box/draw', '/box/draw/harbour', '/box/draw/harbour/', '/box/graphql'];
    for (const path of paths) {
      const response = await fetch(url + path, { headers: html });
      const assets = assetsOf(await response.text(), response.url);
      expect(assets.length).toBeGreaterThan(1);
      for (const asset of assets) {
        expect(new URL(asset).pathname).toMatch(/^\/box\/(assets|graphiql)\//);
        expect((await fetch(asset)).status).toBe(200);
      }
    }
  });

  it('HEAD has no body, another method gets 405, and an unknown asset 404', async () => {
    const url = await servePages();
    const head = await fetch(`${url}/draw/harbour`, { method: 'HEAD', headers: html });
    expect([head.status, await head.text()]).toEqual([200, '']);
    expect(Number(head.headers.get('content-length'))).toBeGreaterThan(500);
    for (const path of ['/draw', '/draw/harbour', '/client.js']) {
      const post = await fetch(url + path, { method: 'POST' });
      expect([post.status, post.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
    }
    const unknown = [
      '/assets/none.js',
      '/graphiql/none.js',
      '/graphiql/index.html',
      '/draw/a/b',
      '/assets/../client.js/x',
    ];
    for (const path of unknown) {
      expect((await fetch(url + path)).status).toBe(404);
    }
  });
});
