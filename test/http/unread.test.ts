import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { type NodeProcess, startNode } from '../support/node.ts';

/** The resident memory of the node's process, in MiB. */
function memoryOf(node: NodeProcess): number {
  return Number(execFileSync('ps', ['-o', 'rss=', '-p', String(node.pid)], { encoding: 'utf8' })) / 1024;
}

const settleMs = 3000;

it.each([
  { what: 'on one connection', header: '', count: 1, maxMiB: 20 },
  { what: 'on one connection, compressed', header: 'Accept-Encoding: gzip\r\n', count: 1, maxMiB: 20 },
  { what: 'on each of 30 connections', header: '', count: 30, maxMiB: 40 },
])(
  'G8: 200 pipelined requests for GraphiQL that nobody reads add at most $maxMiB MiB, $what',
  async ({ header, count, maxMiB }) => {
    await using node = await startNode();
    const port = Number(new URL(node.url).port);
    // The first answers of a process load code.
    for (let n = 0; n < 20; n++) await (await fetch(`${node.url}/health`)).text();
    const before = memoryOf(node);
    const request = `GET /graphql HTTP/1.1\r\nHost: x\r\nAccept: text/html\r\n${header}\r\n`;
    for (let n = 0; n < count; n++) {
      const socket = connect(port, '127.0.0.1');
      onTestFinished(() => void socket.destroy());
      await once(socket, 'connect');
      socket.pause();
      socket.write(request.repeat(200));
    }
    let most = 0;
    for (let waited = 0; waited < settleMs; waited += 50) {
      await sleep(50);
      most = Math.max(most, memoryOf(node) - before);
    }
    expect((await fetch(`${node.url}/health`)).status).toBe(200);
    expect(most).toBeLessThan(maxMiB);
  },
);
