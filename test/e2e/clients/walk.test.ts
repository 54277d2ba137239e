import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { keep } from '../../support/children.ts';
import { startNode } from '../../support/node.ts';
import { until } from '../../support/until.ts';
import { blocksOf } from './documented.ts';

test('the walk with curl in the index shows Ada the arrival of Ben and his greeting', async () => {
  await using node = await startNode();
  const folder = await mkdtemp(join(tmpdir(), 'signalbox-walk-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const steps = blocksOf('README').filter(({ language, code }) => language === 'sh' && code.includes('curl'));
  const [connect = '', join_ = '', greet = ''] = steps.map(({ code }) =>
    code.replaceAll('localhost:4000', new URL(node.url).host),
  );
  const ada = terminal(connect, folder);
  await until(() => ada.output().includes('Connected'), 'Ada is connected');
  const joining = terminal(join_, folder);
  await once(joining.child, 'exit');
  expect(JSON.parse(joining.output())).toEqual({
    data: { joinRoom: { id: 'lobby', members: [{ peer: { username: 'ada' } }] } },
  });
  const ben = terminal(greet, folder);
  await until(() => ada.output().includes('"data":"Hello"'), 'Ada has the greeting');
  expect(ada.output()).toMatch(
    /"__typename":"PeerAdded".*"username":"ben"[\s\S]*"event":"chat","data":"Hello"/,
  );
  await until(() => ben.output().includes('"status":"DELIVERED"'), 'Ben has the receipt');
}, 60_000);

/** Runs commands as a shell does, until the test ends. */
function terminal(commands: string, folder: string): { readonly child: ChildProcess; output(): string } {
  // A group of its own: what it leaves in the background ends with it.
  const child = spawn('bash', ['-c', commands], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'ignore'],
    detached: true,
  });
  keep(child);
  onTestFinished(() => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    } catch {
      // All its processes have ended.
    }
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  return { child, output: () => text };
}
