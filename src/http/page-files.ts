import { fork } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, globSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { PageFiles, PageGroup } from '../pages/build.ts';

/** A file of a page, as bytes that all requests share. */
export interface PageFile {
  readonly body: Buffer;
  readonly gzipped: Buffer;
  readonly type: string;
  readonly etag: string;
  /** Whether the name has a hash of the content in it, so that a browser can keep it for ever. */
  readonly immutable: boolean;
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
};

/** Pages that are served one folder above the place where they were built. */
const raised: readonly string[] = ['start/index.html', 'graphiql/index.html'];

/** Where `npm run build` puts the pages. A checkout has none: there they are built when a browser first asks. */
const builtFolder = fileURLToPath(new URL('../pages/built/', import.meta.url));

/** The groups that were loaded already. All servers of a process share them. */
const loaded = new Map<PageGroup, Promise<ReadonlyMap<string, PageFile>>>();

/** The files of a group of pages, by their paths below the server's root. After an error, the next call tries again. */
export function pageFiles(group: PageGroup): Promise<ReadonlyMap<string, PageFile>> {
  let files = loaded.get(group);
  if (!files) {
    files = load(group);
    loaded.set(group, files);
    files.catch(() => loaded.delete(group));
  }
  return files;
}

async function load(group: PageGroup): Promise<ReadonlyMap<string, PageFile>> {
  const content = existsSync(builtFolder) ? await readBuilt(group) : await buildApart(group);
  const entries = [...content].map(async ([name, text]) => [name, await toFile(name, text)] as const);
  return new Map(await Promise.all(entries));
}

const startPages = new WeakMap<PageFile, Promise<PageFile>>();

/** The start page without its link to GraphiQL, for a server that does not serve GraphiQL. It is made once. */
export function withoutGraphiQL(file: PageFile): Promise<PageFile> {
  let made = startPages.get(file);
  if (!made) {
    const text = file.body.toString().replace('<a href="./graphql">GraphiQL</a>', '');
    made = toFile('start/index.html', text);
    startPages.set(file, made);
  }
  return made;
}

async function toFile(name: string, content: string | Uint8Array): Promise<PageFile> {
  const body = Buffer.from(raised.includes(name) ? String(content).replaceAll('"../', '"./') : content);
  return {
    body,
    gzipped: await promisify(gzip)(body),
    type: types[extname(name)] ?? 'application/octet-stream',
    etag: `"${createHash('sha256').update(body).digest('base64url')}"`,
    immutable: /^(assets|graphiql)\/.*(?<!\.html)$/.test(name),
  };
}

async function readBuilt(group: PageGroup): Promise<PageFiles> {
  const names = globSync('**/*.*', { cwd: builtFolder })
    .map((name) => name.replaceAll('\\', '/'))
    .filter((name) => name.startsWith('graphiql/') === (group === 'graphiql'));
  const entries = names.map(async (name) => [name, await readFile(`${builtFolder}${name}`)] as const);
  return new Map(await Promise.all(entries));
}

/** Builds pages in a process of its own: this process would keep much of the memory that it takes. */
async function buildApart(group: PageGroup): Promise<PageFiles> {
  const { promise, resolve, reject } = Promise.withResolvers<PageFiles>();
  const program = fileURLToPath(new URL('../pages/build-program.ts', import.meta.url));
  const child = fork(program, [group], {
    serialization: 'advanced',
    // Not the environment of this process: with another NODE_ENV, React's code for development would be built in.
    env: { NODE_ENV: 'production' },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  child.once('message', (files) => resolve(files as PageFiles));
  child.once('error', reject);
  child.once('exit', () => reject(new Error(`The process that builds the ${group} ended early.`)));
  return promise;
}
