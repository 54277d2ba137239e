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
  // What one client may add (G13). Most of it is the garbage of 6,000 requests.
  { what: 'on each of 30 connections', header: '', count: 30, maxMiB: 64 },
])(
  'G8: 200 pipelined requests for GraphiQL’s script that nobody reads add at most $maxMiB MiB, $what',
  { timeout: 90_000 },
  async ({ header, count, maxMiB }) => {
    await using node = await startNode();
    const port = Number(new URL(node.url).port);
    // The first answers of a process load code, and the page.
    for (let n = 0; n < 20; n++) await (await fetch(`${node.url}/health`)).text();
    const page = await (await fetch(`${node.url}/graphql`, { headers: { Accept: 'text/html' } })).text();
    const script = /src="\.(\/graphiql\/[^"]+)"/.exec(page)?.[1];
    expect((await (await fetch(node.url + script)).arrayBuffer()).byteLength).toBeGreaterThan(1e6);
    const before = memoryOf(node);
    const request = `GET ${script} HTTP/1.1\r\nHost: x\r\n${header}\r\n`;
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
