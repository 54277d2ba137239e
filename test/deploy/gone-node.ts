import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { Caller } from './caller.ts';
import { type Configure, LoadBalancer } from './load-balancer.ts';

/** Starts a server that answers everything. Closed with the test. */
export async function serveAnything(): Promise<{ readonly server: Server; readonly port: number }> {
  // A call on a kept connection whose end has not arrived yet would fail, and that is not the story here.
  const answer = (res: ServerResponse) => res.setHeader('Connection', 'close').end('served');
  const server = createServer((_req, res) => answer(res)).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close().closeAllConnections());
  await once(server, 'listening');
  return { server, port: (server.address() as AddressInfo).port };
}

/** `configure` must check the nodes so rarely that no check notices what happens in this story. */
export function tellOfGoneNode(name: string, configure: Configure): void {
  test(`behind ${name}: calls are answered after a node has gone, before a check has noticed it`, async () => {
    const [stays, goes] = [await serveAnything(), await serveAnything()];
    await using loadBalancer = await LoadBalancer.start(configure, [stays.port, goes.port]);
    const caller = new Caller(loadBalancer.site);
    onTestFinished(() => caller.close());
    expect(await caller.ask('GET', '/')).toMatchObject({ text: 'served' });
    goes.server.close().closeAllConnections();
    await once(goes.server, 'close');
    for (let i = 0; i < 6; i++) expect(await caller.ask('POST', '/')).toMatchObject({ text: 'served' });
  });
}
