import { once } from 'node:events';
import { request } from 'node:http';
import { expect, it } from 'vitest';
import type { Engine } from '../../src/graphql/engine.ts';
import { Meters } from '../../src/limits/account.ts';
import { readBody } from '../support/client.ts';
import { post, serve } from './support.ts';

/** An engine that answers everything, and counts. It charges nothing, so only HTTP does. */
function counting(): Engine & { runs: number } {
  return {
    runs: 0,
    async run() {
      this.runs += 1;
      return { data: {} };
    },
  };
}

const query = '{ me { id } }';
const large = { query, variables: { unused: 'x'.repeat(39_000) } };
const limited = {
  errors: [
    {
      message: expect.stringMatching(/^Too much from your address: it may have 40 operations at once/),
      extensions: { code: 'RATE_LIMITED', retryable: true, retryAfterMs: expect.any(Number) },
    },
  ],
};

it('G13: an address that sends large bodies is charged for parsing them, and then gets 429 before they are parsed', async () => {
  const engine = counting();
  // 40 operations at once: a body of 40 KB costs 9.
  const meters = new Meters({ peer: 0, address: 0.001 });
  const { url } = await serve(engine, { meters, maxDataBytes: 64 * 1024 });
  for (let n = 0; n < 5; n++) expect((await post(url, large)).status).toBe(200);
  const { status, body, response } = await post(url, large);
  expect(status).toBe(429);
  expect(body).toEqual(limited);
  expect(response.headers.get('retry-after')).toMatch(/^\d+$/);
  expect(engine.runs).toBe(5);
  expect(await post(url, 'not JSON'), 'nothing is parsed').toMatchObject({ status: 429, body: limited });
});

it('G13: a body of many values costs more, because it takes longer to parse', async () => {
  const engine = counting();
  const meters = new Meters({ peer: 0, address: 0.001 });
  const { url } = await serve(engine, { meters, maxDataBytes: 64 * 1024 });
  const many = { query, variables: { unused: Array(13_000).fill({}) } };
  expect((await post(url, many)).status).toBe(200);
  expect((await post(url, many)).status).toBe(429);
});

it('G13: an address beyond its operations gets 429 before its body has arrived', async () => {
  const meters = new Meters({ peer: 0, address: 0.001 });
  meters.addresses.of('127.0.0.1')?.charge('operations', 100);
  const { url } = await serve(counting(), { meters, maxDataBytes: 64 * 1024 });
  const req = request(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'content-length': 200_000 },
  });
  req.flushHeaders();
  const [response] = await once(req, 'response');
  expect(response.statusCode).toBe(429);
  expect(await readBody(response)).toEqual(limited);
  req.destroy();
});

it('G13: an address beyond its operations is answered slowly if it sends large bodies, which Node.js reads in any case', async () => {
  const meters = new Meters({ peer: 0, address: 0.001 });
  meters.addresses.of('127.0.0.1')?.charge('operations', 100);
  const { url } = await serve(counting(), { meters, maxDataBytes: 64 * 1024 });
  const begun = performance.now();
  for (let n = 0; n < 3; n++) expect((await post(url, large)).status).toBe(429);
  expect(performance.now() - begun).toBeGreaterThan(3 * 240);
});

it('G13: small bodies cost no more than their operations', async () => {
  const meters = new Meters({ peer: 0, address: 0.001 });
  const engine = counting();
  const { url } = await serve(engine, { meters });
  for (let n = 0; n < 60; n++) expect((await post(url, { query })).status).toBe(200);
  expect(engine.runs).toBe(60);
});
