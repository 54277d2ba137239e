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

describe('what a client accepts', () => {
  for (const [header, accepted] of table) {
    it(`reads ${header === undefined ? 'no header' : `\`${header}\``}`, () => {
      expect(negotiate(header)).toMatchObject(accepted);
    });
  }
});

describe('what it is answered with', () => {
  const query = { query: '{ __typename }' };
  const subscription = { query: 'subscription { messages { id } }' };

  it('answers a query as JSON where a client takes events too, in whatever order', async () => {
    const { url } = await serveSignalbox();
    for (const Accept of [`${events}, ${plain}`, `${plain}, ${events}`]) {
      const { response, body } = await post(url, query, { Accept });
      expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
      expect(body).toEqual({ data: { __typename: 'Query' } });
    }
  });

  it('answers a query as one event where a client takes nothing else', async () => {
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

  it('answers a subscription as events where a client names JSON first', async () => {
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

  it('refuses a subscription to a client that takes no events, and ends no session by it', async () => {
    const { url, hub, tokenFor } = await serveSignalbox();
    const token = await tokenFor('ada');
    const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
    const stream = await hub.open({ id: claims.sub, username: 'ada' });
    const { status, body } = await post(url, subscription, { Authorization: `Bearer ${token}` });
    expect(status).toBe(406);
    expect(body.errors?.[0]?.message).toContain('Accept: text/event-stream');
    expect(stream.closed).toBe(false);
  });

  it('refuses a client that takes nothing that there is, before anything is run', async () => {
    const { url } = await serveSignalbox();
    const { status, body } = await post(url, query, { Accept: 'image/png' });
    expect(status).toBe(406);
    expect(body.errors?.[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT' });
  });
});
