import { expect, onTestFinished, test } from 'vitest';
import { Caller } from './caller.ts';
import { serveAnything } from './gone-node.ts';
import { type Configure, LoadBalancer } from './load-balancer.ts';

/** `configure` must let an address make two requests a minute. */
export function tellOfLimits(name: string, configure: Configure): void {
  test(`behind ${name}: an address beyond the limits is refused, and its EventSource is told to come back`, async () => {
    const { port } = await serveAnything();
    await using loadBalancer = await LoadBalancer.start(configure, [port, port]);
    const mallory = new Caller(loadBalancer.site);
    const ann = new Caller(loadBalancer.site, { from: '127.0.0.2' });
    onTestFinished(() => [mallory, ann].forEach((caller) => void caller.close()));
    for (let i = 0; i < 2; i++) expect(await mallory.ask('GET', '/')).toMatchObject({ text: 'served' });

    const refused = await mallory.ask('GET', '/');
    expect([429, 503]).toContain(refused.status);
    const headers = { accept: 'text/event-stream', origin: 'https://app.example' };
    const answer = await mallory.ask('GET', '/', headers);
    expect(answer).toMatchObject({
      status: 200,
      headers: {
        'content-type': 'text/event-stream',
        'access-control-allow-origin': 'https://app.example',
      },
    });
    expect(answer.text).not.toContain('served');
    expect(answer.text, 'it has no event').not.toMatch(/^(data|event)/m);
    expect(await ann.ask('GET', '/'), 'another address').toMatchObject({ text: 'served' });
  });
}
