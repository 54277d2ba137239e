import { existsSync, readFileSync } from 'node:fs';

const folder = new URL('../../../docs/clients/', import.meta.url);

/** A block of code in a page of docs/clients. */
export interface Block {
  readonly language: string;
  readonly code: string;
}

/** The blocks of code of a page, such as `apollo`, in order. They call the API at `http://localhost:4000`. */
export function blocksOf(page: string): readonly Block[] {
  const text = readFileSync(new URL(`${page}.md`, folder), 'utf8');
  return [...text.matchAll(/^```(\w+)\n([\s\S]*?)^```/gm)].map(([, language = '', code = '']) => ({
    language,
    code,
  }));
}

/** The files of a page by their names: the blocks that begin with a comment that names one, such as `// main.js`. */
export function filesOf(page: string): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  for (const { code } of blocksOf(page)) {
    const [, name] = /^(?:\/\/|#) ([\w-]+\.(?:js|jsx|py|sh))\b/.exec(code) ?? [];
    if (name === undefined) continue;
    if (files.has(name)) throw new Error(`${page}.md has two blocks for ${name}.`);
    files.set(name, code);
  }
  return files;
}

/** The page of a name such as `apollo` or `apollo-sse`: both are in apollo.md. */
export function pageOf(name: string): string {
  for (let page = name; page !== ''; page = page.slice(0, Math.max(0, page.lastIndexOf('-')))) {
    if (existsSync(new URL(`${page}.md`, folder))) return page;
  }
  throw new Error(`docs/clients has no page for ${name}.`);
}
