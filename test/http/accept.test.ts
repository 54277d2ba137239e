import { type AddressInfo, connect } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { createHttp, type Http } from '../../src/http/http.ts';
import { listen } from '../../src/listen.ts';
import type { Settings } from '../../src/settings.ts';
import { engineOf, httpOptions, TestResults } from './support.ts';

/** An HTTP side that listens as a server does, until the test ends. */
async function listeningOn(port: number): Promise<Http> {
  const http = createHttp(httpOptions(engineOf(new TestResults())));
  await listen(http, { port, host: '127.0.0.1' } as Settings);
  onTestFinished(() => http.close());
  return http;
}

it('G13: a turn of the event loop accepts many connections, so those of others soon have their turn in a flood', async () => {
  const http = await listeningOn(0);
  const { port } = http.server.address() as AddressInfo;
  let accepted = 0;
  http.server.on('connection', () => {
    accepted += 1;
  });
  const count = 640;
  // The system makes these connections at once. They wait to be accepted.
  const sockets = Array.from({ length: count }, () => connect(port, '127.0.0.1'));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
  });
  let turns = 0;
  for (; accepted < count; turns++) await nextTurn();
  expect(turns).toBeLessThan(count / 4);
});

it('two servers never share a port, although the listeners of one do', async () => {
  const { port } = (await listeningOn(0)).server.address() as AddressInfo;
  await expect(listeningOn(port)).rejects.toThrow(`PORT ${port} is in use`);
});
