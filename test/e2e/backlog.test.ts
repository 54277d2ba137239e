import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { startNode } from '../support/node.ts';

it('G13: while a node is busy, the system takes 2,000 connections for it, and all are answered when it goes on', {
  timeout: 60_000,
}, async () => {
  await using node = await startNode();
  const port = Number(new URL(node.url).port);
  process.kill(node.pid, 'SIGSTOP');
  const sockets = Array.from({ length: 2000 }, () => connect(port, '127.0.0.1'));
  // The node ends before them.
  for (const socket of sockets) socket.on('error', () => undefined);
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
  });
  // A connection beyond the queue is not made before the node goes on.
  await Promise.all(sockets.map((socket) => once(socket, 'connect')));
  process.kill(node.pid, 'SIGCONT');
  const last = sockets.at(-1);
  last?.write('GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n');
  const [answer] = last ? await once(last, 'data') : [];
  expect(String(answer)).toMatch(/^HTTP\/1\.1 200 /);
});
