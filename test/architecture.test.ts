import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

/**
 * The parts of `src` that each part may import. Imports point one way: from the process down to the hub, which
 * knows nothing of GraphQL or HTTP. A part is a folder, or a file directly in `src`.
 */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  main: ['banner', 'errors', 'log', 'server', 'settings'],
  server: ['admin', 'banner', 'http', 'hub/redis', 'listen', 'parts', 'settings'],
  admin: ['errors', 'http', 'monitor'],
  index: ['http', 'log', 'parts', 'settings'],
  parts: [
    ...['auth', 'graphql', 'http', 'hub', 'hub/memory', 'hub/redis', 'ice-servers', 'limits', 'monitor'],
    ...['narrator', 'settings', 'token-keys', 'turn'],
  ],
  listen: ['http', 'settings'],
  http: ['errors', 'graphql', 'hub', 'json-text', 'limits', 'log', 'loopback', 'monitor', 'pages', 'sampled'],
  graphql: [
    'auth',
    'errors',
    'generated',
    'hub',
    'ice-servers',
    'json-text',
    'limits',
    'log',
    'monitor',
    'names',
  ],
  generated: ['graphql', 'hub', 'json-text'],
  auth: ['errors', 'hub', 'names', 'token-secret'],
  'hub/memory': ['errors', 'hub', 'json-text', 'log'],
  'hub/redis': ['errors', 'hub', 'json-text', 'limits', 'log', 'monitor', 'sampled'],
  hub: ['errors', 'json-text', 'monitor'],
  limits: ['errors', 'monitor'],
  monitor: ['errors'],
  log: ['log-output', 'settings'],
  'log-output': [],
  narrator: [],
  sampled: [],
  settings: ['loopback', 'settings-table', 'settings-values', 'token-secret'],
  banner: [],
  'settings-table': ['ice-servers', 'settings-values', 'token-keys', 'token-secret', 'turn'],
  'settings-values': [],
  'ice-servers': [],
  turn: ['ice-servers'],
  'token-keys': ['loopback'],
  'token-secret': [],
  errors: [],
  loopback: [],
  names: [],
  'json-text': [],
  pages: ['client'],
  client: ['documents'],
  documents: ['generated'],
};

/** Packages that only the named parts may import. */
const keptTo: Readonly<Record<string, readonly string[]>> = {
  ioredis: ['hub/redis'],
  'graphql-redis-subscriptions': ['hub/redis'],
  'graphql-yoga': ['graphql'],
  graphql: ['graphql', 'generated', 'http', 'pages'],
  react: ['client', 'pages'],
  graphiql: ['pages'],
  jose: ['auth'],
  'pino-pretty': ['log'],
  'prom-client': ['admin'],
  'node:http': ['admin', 'http', 'limits', 'server'],
};

/** The entry points of the process and the bundles. A file that none of them reaches is dead. */
const roots = ['main.ts', 'index.ts', 'documents.ts', 'client/', 'pages/'];

const root = fileURLToPath(new URL('..', import.meta.url));
const src = join(root, 'src');
const files = globSync('**/*.{ts,tsx}', { cwd: src }).sort();
const imports = new Map(files.map((file) => [file, readImports(file)]));

describe('imports', () => {
  test.each(files)('%s imports only the parts that its own part may import', (file) => {
    const part = partOf(file);
    const allowed = mayImport[part];
    if (!allowed)
      throw new Error(
        `src/${file} is in the part "${part}", which this test does not know: add it to mayImport.`,
      );
    const parts = relativeImports(file).map(partOf);
    expect(parts.filter((other) => other !== part && !allowed.includes(other))).toEqual([]);
  });

  test.each(Object.entries(keptTo))('%s is imported only by the parts that may know it', (name, parts) => {
    const users = files.filter((file) =>
      imports.get(file)?.some((target) => target === name || target.startsWith(`${name}/`)),
    );
    expect(users.filter((file) => !parts.includes(partOf(file)))).toEqual([]);
  });

  test('every imported file exists', () => {
    const missing = files.flatMap(relativeImports).filter((target) => !files.includes(target));
    expect(missing).toEqual([]);
  });

  test('every file is reached by the imports of an entry point', () => {
    const reached = new Set<string>();
    const visit = (file: string) => {
      if (reached.has(file)) return;
      reached.add(file);
      relativeImports(file).forEach(visit);
    };
    files.filter((file) => roots.some((start) => file.startsWith(start))).forEach(visit);
    expect(reached).toContain('main.ts');
    expect(files.filter((file) => !reached.has(file))).toEqual([]);
  });
});

test('only settings.ts reads the environment', () => {
  const readers = files.filter((file) => /\bprocess\.env\b|'node:process'/.test(read(join('src', file))));
  expect(readers).toEqual(['settings.ts']);
});

test('no file has more than 300 lines', () => {
  const all = globSync('{src,test,bench,chaos,scripts,bin}/**/*.{ts,tsx,js,lua}', { cwd: root });
  const lengths = all
    .filter((file) => !file.startsWith('src/generated/'))
    .map((file) => ({ file, lines: read(file).split('\n').length - 1 }));
  expect(lengths.length).toBeGreaterThan(files.length);
  expect(lengths.filter(({ lines }) => lines > 300)).toEqual([]);
});

function read(file: string): string {
  return readFileSync(join(root, file), 'utf8');
}

function readImports(file: string): readonly string[] {
  const text = read(join('src', file));
  const found = text.matchAll(/(?:\bfrom\s+|\bimport\s+|\bimport\(\s*)(['"])([^'"\n]+)\1/g);
  return [...found].map(([, , target = '']) => target);
}

/** The paths within `src` of the files that `file` imports. */
function relativeImports(file: string): readonly string[] {
  const targets = imports.get(file) ?? [];
  return targets
    .filter((target) => target.startsWith('.') && /\.tsx?$/.test(target))
    .map((target) => normalize(join(dirname(file), target)));
}

function partOf(file: string): string {
  const [first = '', second = '', third] = file.split('/');
  if (second === '') return first.replace(/\.ts$/, '');
  return first === 'hub' && third !== undefined ? `hub/${second}` : first;
}
