import { GraphQLError } from 'graphql';
import { describe, expect, it } from 'vitest';
import { type ErrorCode, SignalboxError } from '../../src/errors.ts';
import { engineOf, serve, serveSignalbox } from './support.ts';

describe('an event stream that cannot begin', () => {
  const failing = (error: GraphQLError) => engineOf({ errors: [error] });

  const refused = [
    ['UNAUTHENTICATED', 401, 'www-authenticate', 'Bearer'],
    ['FORBIDDEN', 403, 'content-type', 'application/json; charset=utf-8'],
    ['UNAVAILABLE', 503, 'retry-after', '1'],
  ] as const;
  const errorOf = (code: ErrorCode, status: number, more = {}) =>
    new GraphQLError(new SignalboxError(code).message, { extensions: { code, http: { status }, ...more } });

  it('a stream that cannot begin gets the HTTP status of its error, if it is a POST or takes JSON too', async () => {
    for (const [code, status, name, value] of refused) {
      const { url } = await serve(failing(errorOf(code, status)));
      const events = { Accept: 'text/event-stream' };
      const body = JSON.stringify({ query: 'a' });
      const headers = { ...events, 'Content-Type': 'application/json' };
      for (const response of [
        await fetch(url, { method: 'POST', headers, body }),
        await fetch(`${url}?query=a`, { headers: { Accept: 'text/event-stream, application/json' } }),
      ]) {
        expect(response.status).toBe(status);
        expect(response.headers.get(name)).toBe(value);
        const { message } = new SignalboxError(code);
        expect(await response.json()).toEqual({ errors: [{ message, extensions: { code } }] });
      }
    }
  });

  /** What an EventSource gets: it sends a GET that takes event streams only. */
  const asEventSource = async (url: string) => {
    const response = await fetch(url, { headers: { Accept: 'text/event-stream' } });
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    return response.text();
  };

  it('an EventSource that is refused for good gets the error as `next`, and `complete`', async () => {
    for (const [code, status] of refused.slice(0, 2)) {
      const { url } = await serve(failing(errorOf(code, status)));
      const { message } = new SignalboxError(code);
      expect(await asEventSource(`${url}?query=a`)).toBe(
        `event: next\ndata: ${JSON.stringify({ errors: [{ message, extensions: { code } }] })}\n\n` +
          'event: complete\ndata:\n\n',
      );
    }
  });

  it('an EventSource gets the error of a malformed request or a mutation as `next`, too', async () => {
    const { url } = await serveSignalbox();
    for (const search of ['', '?query=a&query=b', '?query=mutation{access(username:"a"){token}}']) {
      expect(await asEventSource(url + search)).toMatch(
        /^event: next\ndata: \{"errors":\[.*"BAD_USER_INPUT".*\]\}\n\nevent: complete\ndata:\n\n$/,
      );
    }
  });

  it('an EventSource that may come back later is told to, after 1 to 3 seconds, by a stream that ends at once', async () => {
    const waits = new Set<string>();
    for (const error of [
      errorOf('UNAVAILABLE', 503),
      errorOf('UNAVAILABLE', 429),
      errorOf('FORBIDDEN', 400, { retryable: true }),
    ]) {
      const { url } = await serve(failing(error));
      for (let i = 0; i < 4; i++) {
        const text = await asEventSource(`${url}?query=a`);
        expect(text).toMatch(/^retry: [1-3]\d\d\d\n\n$/);
        expect(Number(text.slice(7))).toBeLessThanOrEqual(3000);
        waits.add(text);
      }
    }
    expect(waits.size, 'the waits differ').toBeGreaterThan(3);
  });

  it('a stream of an invalid document is an error event and `complete`', async () => {
    const { url } = await serveSignalbox();
    const response = await fetch(`${url}?query=subscription{nothing}`, {
      headers: { Accept: 'text/event-stream' },
    });
    expect(response.status).toBe(200);
    expect(await response.text()).toMatch(
      /^event: next\ndata: \{"errors":\[.*"BAD_USER_INPUT".*\]\}\n\nevent: complete\ndata:\n\n$/,
    );
  });

  it('a token in the URL is accepted for an event stream and refused for JSON', async () => {
    const { url, tokenFor } = await serveSignalbox();
    const token = await tokenFor('ada');
    const search = `?query={me{username}}&access_token=${token}`;
    const asEvents = await fetch(url + search, { headers: { Accept: 'text/event-stream' } });
    expect(await asEvents.text()).toContain('"username":"ada"');
    const asJson = await fetch(url + search);
    expect(asJson.status).toBe(401);
  });
});
