import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { keep } from '../support/children.ts';
import { ApiClient, access } from '../support/client.ts';
import { startNode, tokenSecret } from '../support/node.ts';
import { until } from '../support/until.ts';

const bin = fileURLToPath(new URL('../../bin/signalbox.js', import.meta.url));

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** A node that logs each request to this file. Resolves when it serves. */
async function startLoggingTo(path: string): Promise<{ child: ChildProcess; url: string }> {
  const port = await freePort();
  const file = openSync(path, 'a');
  const { PATH = '', HOME = '' } = process.env;
  const env = {
    PATH,
    HOME,
    NODE_ENV: 'test',
    LOG_LEVEL: 'debug',
    PORT: `${port}`,
    TOKEN_SECRET: tokenSecret,
  };
  const child = spawn(process.execPath, [bin], { env, stdio: ['ignore', file, file] });
  closeSync(file);
  keep(child);
  onTestFinished(() => void child.kill('SIGKILL'));
  const url = `http://localhost:${port}`;
  await until(async () => (await fetch(`${url}/health`)).ok, 'the node serves');
  return { child, url };
}

/** Makes many requests, each of which is a line of the log, and expects all of them to be answered. */
async function work(url: string, requests: number): Promise<void> {
  const { token } = await access(url, 'ann');
  const client = new ApiClient(url, token);
  for (let i = 0; i < requests; i++)
    expect(await client.run('{ me { username } }')).toEqual({ me: { username: 'ann' } });
}

async function endedBy(child: ChildProcess, signal: NodeJS.Signals): Promise<unknown[]> {
  const exit = once(child, 'exit');
  child.kill(signal);
  return exit;
}

test.skipIf(!existsSync('/dev/full'))(
  'a node whose log has no space from the start serves, and ends at SIGTERM',
  async () => {
    const { child, url } = await startLoggingTo('/dev/full');
    await work(url, 100);
    expect(await endedBy(child, 'SIGTERM')).toEqual([0, null]);
  },
);

/** A file system of this size, or undefined where this process may not mount one. */
function smallDisk(size: string): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-disk-'));
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', folder]);
  onTestFinished(() => {
    if (status === 0) spawnSync('umount', ['-l', folder]);
    rmSync(folder, { recursive: true });
  });
  return status === 0 ? folder : undefined;
}

test('a node whose log disk fills up serves on, and logs how many lines it lost once there is space', async ({
  skip,
}) => {
  const folder = smallDisk('64k');
  if (folder === undefined) return skip('This user may not mount a file system.');
  const log = join(folder, 'log');
  const ballast = join(folder, 'ballast');
  writeFileSync(ballast, 'x'.repeat(32 * 1024));
  const { child, url } = await startLoggingTo(log);
  await work(url, 1000);
  const full = readFileSync(log, 'utf8');
  expect(full).not.toContain('log lines were lost');
  rmSync(ballast);
  await work(url, 10);
  expect(await endedBy(child, 'SIGTERM')).toEqual([0, null]);
  const after = readFileSync(log, 'utf8').slice(full.length);
  const lines = after.split('\n').filter((line) => line.startsWith('{'));
  const lost = lines
    .map((line) => JSON.parse(line))
    .filter(({ msg }) => msg.startsWith('log lines were lost'));
  expect(lost).toMatchObject([{ level: 40 }]);
  const kept = full.split('\n').filter((line) => line.endsWith('}')).length;
  expect(kept + lost[0].lines, 'the count is true: each request is a line').toBeGreaterThan(1000);
  expect(lines.some((line) => line.includes('"stopping"'))).toBe(true);
});

test('a node whose stdout and stderr are closed by their reader serves, and ends at SIGTERM', async () => {
  await using node = await startNode({ env: { LOG_LEVEL: 'debug' } });
  node.closeOutput();
  await work(node.url, 100);
  expect(await node.kill('SIGTERM')).toEqual({ code: 0, signal: null });
});

test('a node whose reader of stdout stands still serves on, and logs how many lines it lost when the reader goes on', async () => {
  await using node = await startNode({ env: { LOG_LEVEL: 'debug' } });
  const resume = node.holdOutput();
  // Each is a line of 8 KB.
  for (let i = 0; i < 400; i++) expect((await fetch(`${node.url}/${'x'.repeat(8000)}`)).status).toBe(404);
  resume();
  const line = await node.logged('log lines were lost: stdout did not take them');
  expect(line.lines).toBeGreaterThan(100);
  expect(await node.kill('SIGTERM')).toEqual({ code: 0, signal: null });
});
