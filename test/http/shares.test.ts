import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Engine } from '../../src/graphql/engine.ts';
import { StreamShares } from '../../src/http/stream-shares.ts';
import { post, serve, serveSignalbox, Wire } from './support.ts';

describe('the turns of requests', () => {
  const turns = { maxRunning: 4, maxRunningPerKey: 2, waitTimeoutMs: 60_000, maxWaitMs: 60_000 };
  const forwarded = (address: string) => ({ 'X-Forwarded-For': `9.9.9.9, ${address}` });
  const bounds = { turns };

  /** An engine whose requests wait until `end`, except that of the variable `quick`. */
  function slowEngine() {
    const { promise, resolve } = Promise.withResolvers<{ data: null }>();
    let running = 0;
    const engine: Engine = {
      run({ variables }) {
        if ((variables as { quick?: true }).quick) return Promise.resolve({ data: { quick: true } });
        running += 1;
        return promise;
      },
    };
    return { engine, running: () => running, end: () => resolve({ data: null }) };
  }

  it('G13: requests of one address wait for one another, and those of another address do not', async () => {
    const { engine, running, end } = slowEngine();
    const { url } = await serve(engine, { bounds, trustProxy: 1 });
    const slow = Array.from({ length: 10 }, () =>
      post(url, { query: '{me}', variables: {} }, forwarded('1.1.1.1')),
    );
    const quick = { query: '{me}', variables: { quick: true } };
    for (let n = 0; n < 3; n++)
      expect(await post(url, quick, forwarded('2.2.2.2'))).toMatchObject({ status: 200 });
    expect(running()).toBe(2);
    end();
    for (const { status } of await Promise.all(slow)) expect(status).toBe(200);
    expect(running()).toBe(10);
  });

  it('G10: a request whose turn does not come in time gets 503, and never runs', async () => {
    const { engine, running, end } = slowEngine();
    const { url } = await serve(engine, {
      bounds: { turns: { ...turns, waitTimeoutMs: 20, maxWaitMs: 20 } },
    });
    const slow = Array.from({ length: 4 }, () => post(url, { query: '{me}', variables: {} }));
    const results: Awaited<ReturnType<typeof post>>[] = [];
    for (const request of slow) void request.then((result) => results.push(result));
    while (results.length < 2) await sleep(5);
    const [refused] = results;
    if (!refused) throw new Error('No request was refused.');
    expect(refused.status).toBe(503);
    expect(refused.response.headers.get('retry-after')).toBe('1');
    expect(refused.body.errors?.[0]?.extensions).toEqual({ code: 'UNAVAILABLE', retryable: true });
    end();
    await Promise.all(slow);
    expect(running()).toBe(2);
  });

  it('G13: a request whose client has left when its turn comes does not run', async () => {
    const { engine, running, end } = slowEngine();
    const { port, url } = await serve(engine, { bounds });
    const request = 'GET /graphql?query=%7Bme%7D&variables=%7B%7D HTTP/1.1\r\nHost: x\r\n\r\n';
    const wires: Wire[] = [];
    for (let n = 0; n < 3; n++) wires.push((await Wire.open(port)).send(request));
    const quick = { query: '{me}', variables: { quick: true } };
    const last = post(url, quick);
    while (running() < 2) await new Promise(setImmediate);
    await sleep(30);
    wires[2]?.socket.resetAndDestroy();
    await sleep(30);
    end();
    await last;
    expect(running()).toBe(2);
  });
});

describe('the share of an address in the streams', () => {
  it('G13: one address alone can take three quarters of the streams, and another then still finds room', () => {
    const shares = new StreamShares(20);
    const open = (address: string, resumes = false) => {
      const place = shares.place(address);
      place.take(resumes);
      return place;
    };
    const greedy = Array.from({ length: 15 }, () => open('greedy'));
    expect(() => open('greedy')).toThrow('Your address has as many streams as it may have');
    for (let n = 0; n < 4; n++) open('other');
    expect(() => open('other'), 'one place is left').toThrow();
    open('third');
    greedy[0]?.release();
    greedy[0]?.release();
    expect(() => open('greedy')).toThrow();
    open('fourth');
  });

  it('an address may always have four streams', () => {
    const shares = new StreamShares(4);
    for (let n = 0; n < 4; n++) shares.place('ann').take(false);
    expect(() => shares.place('ann').take(false)).toThrow();
  });

  it('G13: a stream that resumes keeps its place, and one that only claims to does not get it', async () => {
    const { url, tokenFor } = await serveSignalbox({ maxStreams: 5 });
    const open = async (name: string, after?: string) => {
      const query = `subscription{messages${after ? `(after:"${after}")` : ''}{__typename cursor ...on Connected{resumed}}}`;
      const headers = { Accept: 'text/event-stream', Authorization: `Bearer ${await tokens.get(name)}` };
      const response = await fetch(`${url}?query=${encodeURIComponent(query)}`, {
        headers,
      });
      const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
      const { value = '' } = (await reader?.read()) ?? {};
      return { first: value };
    };
    const names = ['ann', 'ben', 'cat', 'dan', 'eve'];
    const tokens = new Map<string, string>();
    for (const name of names) tokens.set(name, await tokenFor(name));
    const [ann] = [await open('ann'), await open('ben'), await open('cat'), await open('dan')];
    expect((await open('eve')).first, 'the address has 4').toMatch(/^retry: /);
    const cursor = /"cursor":"(\d+)"/.exec(ann?.first ?? '')?.[1];
    expect((await open('ann', cursor)).first).toContain('"resumed":true');
    expect((await open('eve', '123')).first).toContain('"code":"UNAVAILABLE"');
    expect((await open('eve')).first).toMatch(/^retry: /);
  });
});
