import { describe, expect, it } from 'vitest';
import { type Accepted, negotiate } from '../../src/http/negotiate.ts';
import { post, serveSignalbox } from './support.ts';

const strict = 'application/graphql-response+json';
const plain = 'application/json';
const events = 'text/event-stream';
const parts = 'multipart/mixed;boundary=graphql;subscriptionSpec=1.0';
const multipart = 'multipart/mixed';

const table: [header: string | undefined, accepted: Partial<Accepted>][] = [
  [undefined, { json: plain, stream: undefined }],
  ['', { json: plain, stream: undefined }],
  ['*/*', { json: plain, stream: undefined }],
  ['application/*', { json: plain, stream: undefined }],
  [plain, { json: plain, stream: undefined }],
  ['Application/JSON; Charset="UTF-8"', { json: plain, stream: undefined }],
  [strict, { json: strict, stream: undefined }],
  [`${strict},${plain};q=0.9`, { json: strict, stream: undefined }],
  [`${plain};q=0.1, ${strict}`, { json: strict, stream: undefined }],
  [`${plain}, ${strict}`, { json: plain, stream: undefined }],
  [
    `${strict}, application/graphql+json, ${plain}, ${events}, multipart/mixed`,
    { json: strict, stream: events },
  ],
  [events, { json: undefined, stream: events }],
  [`${events}, ${plain}`, { json: plain, stream: events }],
  [`${events}, */*;q=0.1`, { json: plain, stream: events }],
  [`${events};q=0, ${plain}`, { json: plain, stream: undefined }],
  [`${parts},${strict},${plain};q=0.9`, { json: strict, stream: multipart }],
  ['multipart/mixed; subscriptionSpec="1.0"', { json: undefined, stream: multipart }],
  [`${parts}, ${events}`, { stream: multipart }],
  [`${events}, ${parts}`, { stream: events }],
  [`${parts};q=0.5, ${events}`, { stream: events }],
  [`${parts};q=0, ${plain}`, { json: plain, stream: undefined }],
  [`${events}, multipart/mixed`, { json: undefined, stream: events }],
  ['multipart/mixed;deferSpec=20220824, multipart/*', { json: undefined, stream: undefined }],
  [`text/html, ${parts}`, { page: false, stream: multipart }],
  [`${plain};charset=utf-16`, { json: undefined, stream: undefined }],
  ['image/png', { json: undefined, stream: undefined, page: false }],
  ['text/*', { json: undefined, stream: undefined }],
  ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', { page: true, json: plain }],
  [`text/html, ${plain}`, { page: false, json: plain }],
  [',;;,q=', { json: undefined, stream: undefined, page: false }],
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
