import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { maxOpenFiles } from '../../src/limits/open-files.ts';
import { startNode } from '../support/node.ts';

it('the limit of open files is read as Linux writes it, and is unknown elsewhere', () => {
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'limits');
  writeFileSync(
    file,
    'Max processes             1  1  processes\nMax open files            1024   4096   files\n',
  );
  expect(maxOpenFiles(file)).toBe(1024);
  writeFileSync(file, 'Max open files            unlimited   unlimited   files\n');
  expect(maxOpenFiles(file)).toBeUndefined();
  expect(maxOpenFiles(join(folder, 'none'))).toBeUndefined();
});

it.runIf(process.platform === 'linux')(
  'a node whose limit of open files is too low for MAX_STREAMS says so when it starts',
  async () => {
    const limit = maxOpenFiles() ?? 0;
    await using node = await startNode({ env: { MAX_STREAMS: String(limit) } });
    const line = node.log().find(({ msg }) => String(msg).startsWith('too few open files'));
    expect(line).toMatchObject({ level: 40, limit, needed: limit + 128 });
    await using enough = await startNode({ env: { MAX_STREAMS: String(limit - 128) } });
    expect(enough.output()).not.toContain('too few open files');
  },
);
