import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { keptSecret } from '../../src/auth/kept-secret.ts';

/** The path of a file that is not there yet, in a folder of its own. */
function freshPath(): string {
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-kept-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return join(folder, '.signalbox-secret');
}

test('a kept secret is made once, and is the same after a restart', () => {
  const path = freshPath();
  const first = keptSecret(path);
  expect(first.problem).toBeUndefined();
  expect(first.secret.length).toBeGreaterThanOrEqual(32);
  expect(keptSecret(path)).toEqual(first);
  expect(keptSecret(freshPath()).secret).not.toEqual(first.secret);
});

test('the file of a kept secret can be read by its owner only, and serves as TOKEN_SECRET_FILE', () => {
  const path = freshPath();
  const { secret } = keptSecret(path);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(readFileSync(path, 'utf8')).toBe(`${new TextDecoder().decode(secret)}\n`);
});

test('a secret that cannot be kept is random, and the problem is told', () => {
  const path = join(freshPath(), 'in-no-folder');
  const [one, two] = [keptSecret(path), keptSecret(path)];
  expect(one.problem).toBe('ENOENT');
  expect(one.secret).toHaveLength(32);
  expect(one.secret).not.toEqual(two.secret);
});

test('a file that others can read, that holds no secret, or that a link points away from is not used', () => {
  const open = freshPath();
  writeFileSync(open, 'a secret that somebody else has put here');
  chmodSync(open, 0o644);
  expect(keptSecret(open).problem).toContain('other users of this machine may know it');

  const empty = freshPath();
  writeFileSync(empty, '\n', { mode: 0o600 });
  expect(keptSecret(empty).problem).toContain('it holds no secret');

  const link = freshPath();
  symlinkSync(join(link, '..', 'elsewhere'), link);
  expect(keptSecret(link).problem).toBe('EEXIST');
});
