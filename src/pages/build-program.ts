/**
 * The program that a server in a checkout runs when a browser first asks for a page: it sends the files of a group of
 * pages to its parent. It is a process of its own, because the parent would keep much of the memory that a build takes.
 * It keeps what it built in `node_modules/.cache`, until a source or a package changes.
 */
import { createHash } from 'node:crypto';
import { globSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { deserialize, serialize } from 'node:v8';
import { buildPages, type PageFiles, type PageGroup } from './build.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const cache = join(root, 'node_modules/.cache/signalbox');

/** What a build depends on: its sources, and the versions of the packages. */
const sources = ['src/{pages,client}/**/*.*', 'node_modules/.package-lock.json'];

function hashSources(): string {
  const hash = createHash('sha256');
  for (const file of globSync(sources, { cwd: root }).sort()) {
    hash
      .update(file)
      .update('\0')
      .update(readFileSync(join(root, file)))
      .update('\0');
  }
  return hash.digest('hex');
}

async function buildOnce(group: PageGroup): Promise<PageFiles> {
  const name = `${group}-${hashSources()}`;
  try {
    return deserialize(readFileSync(join(cache, name))) as PageFiles;
  } catch {
    const files = await buildPages(group);
    keep(group, name, files);
    return files;
  }
}

/** Another process may read or write the same file: the rename makes it appear as a whole. */
function keep(group: PageGroup, name: string, files: PageFiles): void {
  try {
    mkdirSync(cache, { recursive: true });
    for (const old of globSync(`${group}-*`, { cwd: cache })) rmSync(join(cache, old), { force: true });
    const draft = join(cache, `draft-${process.pid}`);
    writeFileSync(draft, serialize(files));
    renameSync(draft, join(cache, name));
  } catch {
    // A checkout that cannot be written to builds its pages at each start.
  }
}

process.send?.(await buildOnce(process.argv[2] as PageGroup));
