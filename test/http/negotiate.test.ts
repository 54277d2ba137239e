import { describe, expect, it } from 'vitest';
import { type Accepted, negotiate } from '../../src/http/negotiate.ts';
import { post, serveSignalbox } from './support.ts';

const strict = 'application/graphql-response+json';
const plain = 'application/json';
const events = 'text/event-stream';

const table: [header: string | undefined, accepted: Partial<Accepted>][] = [
  [undefined, { json: plain, events: false }],
  ['', { json: plain, events: false }],
  ['*/*', { json: plain, events: false }],
  ['application/*', { json: plain, events: false }],
  [plain, { json: plain, events: false }],
  ['Application/JSON; Charset="UTF-8"', { json: plain, events: false }],
  [strict, { json: strict, events: false }],
  [`${strict},${plain};q=0.9`, { json: strict, events: false }],
  [`${plain};q=0.1, ${strict}`, { json: strict, events: false }],
  [`${plain}, ${strict}`, { json: plain, events: false }],
  [
    `${strict}, application/graphql+json, ${plain}, ${events}, multipart/mixed`,
    { json: strict, events: true },
  ],
  [events, { json: undefined, events: true }],
  [`${events}, ${plain}`, { json: plain, events: true }],
  [`${events}, */*;q=0.1`, { json: plain, events: true }],
  [`${events};q=0, ${plain}`, { json: plain, events: false }],
  [`${plain};charset=utf-16`, { json: undefined, events: false }],
  ['image/png', { json: undefined, events: false, page: false }],
  ['text/*', { json: undefined, events: false }],
  ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', { page: true, json: plain }],
  [`text/html, ${plain}`, { page: false, json: plain }],
  [',;;,q=', { json: undefined, events: false, page: false }],
];

describe('the header Accept', () => {
  for (const [header, accepted] of table) {
    it(`negotiate reads ${header === undefined ? 'no header' : `\`${header}\``}`, () => {
      expect(negotiate(header)).toMatchObject(accepted);
    });
  }
});

describe('the type of a response', () => {
  const query = { query: '{ __typename }' };
  const subscription = { query: 'subscription { messages { cursor } }' };

  it('a query is answered as JSON if the client accepts JSON and events, in either order', async () => {
    const { url } = await serveSignalbox();
    for (const Accept of [`${events}, ${plain}`, `${plain}, ${events}`]) {
      const { response, body } = await post(url, query, { Accept });
      expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
      expect(body).toEqual({ data: { __typename: 'Query' } });
    }
  });

  it('a query is answered as one event and `complete` if the client accepts only events', async () => {
    const { url } = await serveSignalbox();
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'Content-Type': plain, Accept: events },
      body: JSON.stringify(query),
    });
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(await response.text()).toBe(
      'event: next\ndata: {"data":{"__typename":"Query"}}\n\nevent: complete\ndata:\n\n',
    );
  });

  it('a subscription is answered as events even if the client names JSON first', async () => {
    const { url, tokenFor } = await serveSignalbox();
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        'Content-Type': plain,
        Accept: `${plain}, ${events}`,
        Authorization: `bearer ${await tokenFor('ada')}`,
      },
      body: JSON.stringify(subscription),
    });
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    await response.body?.cancel();
  });

  it('a subscription gets 406 if the client accepts no events, and does not replace the open session', async () => {
    const { url, hub, tokenFor } = await serveSignalbox();
    const token = await tokenFor('ada');
    const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
    const stream = await hub.open({ id: claims.sub, username: 'ada', guest: true });
    const { status, body } = await post(url, subscription, { Authorization: `Bearer ${token}` });
    expect(status).toBe(406);
    expect(body.errors?.[0]?.message).toContain('Accept: text/event-stream');
    expect(stream.closed).toBe(false);
  });

  it('a query gets 406 if the client accepts no type that the server has', async () => {
    const { url } = await serveSignalbox();
    const { status, body } = await post(url, query, { Accept: 'image/png' });
    expect(status).toBe(406);
    expect(body.errors?.[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT' });
  });
});
