import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { help, readSettings } from '../src/settings.ts';
import { complaint } from './support/complaint.ts';

const secret = 'correct horse battery staple 123';
const folder = mkdtempSync(join(tmpdir(), 'signalbox-secret-'));
afterAll(() => rmSync(folder, { recursive: true }));

function secretsIn(env: Record<string, string>, argv: readonly string[] = []): readonly string[] | undefined {
  return readSettings(env, argv).tokenSecrets?.map((bytes) => new TextDecoder().decode(bytes));
}

let files = 0;
function fileWith(content: string | Uint8Array): string {
  const path = join(folder, `secret-${++files}`);
  writeFileSync(path, content);
  return path;
}

describe('TOKEN_SECRET', () => {
  test('TOKEN_SECRET becomes the bytes of its text', () => {
    expect(secretsIn({ TOKEN_SECRET: secret })).toEqual([secret]);
  });

  test('TOKEN_SECRET takes several secrets with commas between them, and keeps their order', () => {
    const next = 'the next one, or the last one'.replaceAll(',', ';').padEnd(32, '!');
    expect(secretsIn({ TOKEN_SECRET: `${secret},${next}` })).toEqual([secret, next]);
  });

  test('TOKEN_SECRET is measured in bytes, not in characters', () => {
    expect(readSettings({ TOKEN_SECRET: 'éèêëàâ'.repeat(3) }, []).tokenSecrets?.[0]).toHaveLength(36);
  });

  test('TOKEN_SECRET is undefined if it is absent or empty', () => {
    expect(secretsIn({})).toBeUndefined();
    expect(secretsIn({ TOKEN_SECRET: '' })).toBeUndefined();
  });

  test('TOKEN_SECRET is required with REDIS_URL, and the error says how to make one', () => {
    const message = complaint({ REDIS_URL: 'redis://me:hunter2@localhost' });
    expect(message).toMatch(/^TOKEN_SECRET is not set; with REDIS_URL, .*`openssl rand -base64 32`\.$/);
    expect(message).not.toContain('hunter2');
  });

  test('TOKEN_SECRET is required with NODE_ENV=production', () => {
    expect(complaint({ NODE_ENV: 'production' })).toBe(
      'TOKEN_SECRET is not set; NODE_ENV=production needs one: make one with `openssl rand -base64 32`.',
    );
    expect(secretsIn({ NODE_ENV: 'production', TOKEN_SECRET: secret })).toEqual([secret]);
  });

  const example = '0123456789abcdef0123456789abcdef';
  test.each([
    ['hunter2', 'only 7 bytes'],
    [example, "an example of Signalbox's documentation"],
    ['x'.repeat(64), 'one repeated character'],
    ['abcd'.repeat(10), 'made of only 4 different characters'],
    [`${secret}\n`, 'a text with white space at an end'],
    [`${secret},hunter2`, '2 secrets, of which number 2 is only 7 bytes'],
    [`${secret},`, '2 secrets, of which number 2 is only 0 bytes'],
    [`${secret}, ${secret}`, '2 secrets, of which number 2 is a text with white space at an end'],
    [`${example},${secret}`, "2 secrets, of which number 1 is an example of Signalbox's documentation"],
  ])('TOKEN_SECRET is refused if it is weak, without being shown: %j', (text, what) => {
    const rest = 'it takes at least 32 bytes: make one with `openssl rand -base64 32`.';
    expect(complaint({ TOKEN_SECRET: text })).toBe(`TOKEN_SECRET is ${what}; ${rest}`);
  });

  test('no secret that the documentation shows is accepted', () => {
    const root = fileURLToPath(new URL('..', import.meta.url));
    const pages = globSync('{*.md,docs/**/*.md,deploy/**/*,examples/**/*.md}', {
      cwd: root,
      withFileTypes: true,
    });
    const texts = pages
      .filter((page) => page.isFile())
      .map((page) => readFileSync(join(page.parentPath, page.name), 'utf8'));
    const shown = texts.flatMap((text) => [...text.matchAll(/TOKEN_SECRET[=:] *['"]?([^\s'"`$<]+)/g)]);
    for (const [, value = ''] of shown)
      expect(complaint({ TOKEN_SECRET: value })).toContain('TOKEN_SECRET is');
    expect(texts.length).toBeGreaterThan(5);
  });

  test('TOKEN_SECRET has no flag, because a list of processes shows flags', () => {
    for (const argv of [['--token-secret', secret], [`--token-secret=${secret}`]]) {
      const message = complaint({}, argv);
      expect(message).toContain('set the variable TOKEN_SECRET');
      expect(message).not.toContain(secret);
    }
    expect(help()).not.toContain('--token-secret ');
  });
});

describe('TOKEN_SECRET_FILE', () => {
  test.each(['', '\n', '\r\n'])('TOKEN_SECRET_FILE holds what TOKEN_SECRET would, before %j', (end) => {
    const path = fileWith(`${secret},${secret.toUpperCase()}${end}`);
    expect(secretsIn({ TOKEN_SECRET_FILE: path })).toEqual([secret, secret.toUpperCase()]);
    expect(secretsIn({ REDIS_URL: 'redis://h' }, ['--token-secret-file', path])).toHaveLength(2);
  });

  test('a TOKEN_SECRET_FILE that cannot be used stops the start with one line', () => {
    const make = 'make one with `openssl rand -base64 32`.';
    const complaintOf = (path: string) => complaint({ TOKEN_SECRET_FILE: path }).replace(`"${path}"`, 'PATH');
    expect(complaintOf(join(folder, 'none'))).toBe(
      'TOKEN_SECRET_FILE is PATH, which cannot be read: ENOENT.',
    );
    expect(complaintOf(folder)).toBe('TOKEN_SECRET_FILE is PATH, which cannot be read: EISDIR.');
    expect(complaintOf(fileWith('hunter2\n'))).toBe(
      `TOKEN_SECRET_FILE is PATH, and its secret is only 7 bytes: ${make}`,
    );
    expect(complaintOf(fileWith(`${secret}\n\n`))).toContain('white space at an end');
    expect(complaintOf(fileWith(Buffer.alloc(40, 0xff)))).toBe(
      `TOKEN_SECRET_FILE is PATH, which is not a text in UTF-8: ${make}`,
    );
  });

  test('TOKEN_SECRET and TOKEN_SECRET_FILE together are refused', () => {
    expect(complaint({ TOKEN_SECRET: secret, TOKEN_SECRET_FILE: fileWith(secret) })).toBe(
      'TOKEN_SECRET and TOKEN_SECRET_FILE are both set: set only one.',
    );
  });
});
