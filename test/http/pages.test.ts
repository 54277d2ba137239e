import { describe, expect, it } from 'vitest';
import { engineOf, serve } from './support.ts';

const html = { Accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };

async function servePages(options: { basePath?: string } = {}): Promise<string> {
  const { port } = await serve(engineOf({ data: null }), options);
  return `http://127.0.0.1:${port}`;
}

/** The files that a page loads. */
function assetsOf(page: string, url: string): string[] {
  const links = [...page.matchAll(/(?:src|href)="([^"]*assets[^"]+)"/g)];
  return links.map(([, link = '']) => new URL(link, url).href);
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
    for (const path of ['/', '/draw/harbour', '/draw/a%20b']) {
      const response = await fetch(url + path, { headers: html });
      const policy = response.headers.get('content-security-policy') ?? '';
      expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
      expect(policy).not.toContain('unsafe');
      const text = await response.text();
      expect(text).not.toMatch(/<style|style=|\son\w+=|<script(?![^>]*\ssrc=)/);
      for (const asset of assetsOf(text, url + path)) {
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

  it('/client.js is a module of less than 8 KB compressed, which pages of any origin may use', async () => {
    const url = await servePages();
    const response = await fetch(`${url}/client.js`, { headers: { 'Accept-Encoding': 'gzip' } });
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
    expect(response.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
    expect(response.headers.get('content-encoding')).toBe('gzip');
    expect(Number(response.headers.get('content-length'))).toBeLessThan(8000);
    const code = await response.text();
    const client = await import(`data:text/javascript;base64,${Buffer.from(code).toString('base64')}`);
    expect(Object.keys(client)).toEqual(expect.arrayContaining(['connect', 'MESSAGES', 'SignalboxError']));
    const again = await fetch(`${url}/client.js`, {
      headers: { 'If-None-Match': response.headers.get('etag') ?? '' },
    });
    expect(again.status).toBe(304);
  });

  it('a page below another path finds its files there', async () => {
    const url = await servePages({ basePath: '/box' });
    for (const path of ['/box', '/box/', '/box/draw', '/box/draw/harbour', '/box/draw/harbour/']) {
      const response = await fetch(url + path, { headers: html });
      const assets = assetsOf(await response.text(), response.url);
      expect(assets.length).toBeGreaterThan(2);
      for (const asset of assets) {
        expect(asset).toContain('/box/assets/');
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
    for (const path of ['/assets/none.js', '/draw/a/b', '/assets/../client.js/x']) {
      expect((await fetch(url + path)).status).toBe(404);
    }
  });
});
