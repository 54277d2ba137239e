import { readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Rollup } from 'vite';
import { filesOf, pageOf } from './documented.ts';
import { withArtifacts } from './relay.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** The packages that the code of the pages imports from us. */
const ours = {
  'signalbox/client': join(root, 'src/client/index.ts'),
  'signalbox/react': join(root, 'src/client/react.ts'),
};

/**
 * Bundles the code of pages of docs/clients for a browser. `names`: `apollo` for the file `main.js` of apollo.md, with
 * `app.jsx` if it has one, and `apollo-sse` for its `main-sse.js`. `use-room` is the part of the index about React.
 * Returns the files by name: each entry is `<name>.js`, and puts what the page's file exports into `window.page`.
 */
export async function bundle(names: readonly string[], url: string): Promise<ReadonlyMap<string, string>> {
  const files = new Map<string, string>();
  // Files that other pages take from these.
  const shared = new Map([...filesOf('README'), ['send.js', filesOf('event-source').get('send.js') ?? '']]);
  for (const name of names) {
    const place = join(root, 'docs/clients', name);
    if (name === 'use-room') {
      const code = filesOf('README').get('lobby.jsx') ?? '';
      files.set(join(place, 'lobby.jsx'), code.replaceAll('http://localhost:4000', url));
      files.set(join(place, 'entry.js'), readFileSync(new URL('use-room-entry.js', import.meta.url), 'utf8'));
      continue;
    }
    const page = pageOf(name);
    const main = `main${name.slice(page.length)}.js`;
    const own = filesOf(page);
    for (const [file, code] of [...shared, ...own]) {
      const called = code.replaceAll('http://localhost:4000', url);
      files.set(join(place, file), page === 'relay' ? withArtifacts(called) : called);
    }
    const app = main === 'main.js' && own.has('app.jsx') ? `import './app.jsx';\n` : '';
    files.set(join(place, 'entry.js'), `import * as page from './${main}';\n${app}window.page = page;\n`);
  }
  const built = await build({
    configFile: false,
    logLevel: 'error',
    root,
    resolve: { alias: ours },
    plugins: [
      {
        name: 'documented',
        enforce: 'pre',
        resolveId(source, importer) {
          if (files.has(source)) return source;
          if (!source.startsWith('./') || importer === undefined) return null;
          const path = join(dirname(importer), source);
          return files.has(path) ? path : null;
        },
        load: (id) => files.get(id) ?? null,
      },
    ],
    build: {
      write: false,
      minify: false,
      target: 'es2022',
      modulePreload: { polyfill: false },
      rollupOptions: {
        input: Object.fromEntries(names.map((name) => [name, join(root, 'docs/clients', name, 'entry.js')])),
        preserveEntrySignatures: 'strict',
        output: { entryFileNames: '[name].js', chunkFileNames: 'shared-[hash].js' },
      },
    },
  });
  const outputs = ([built].flat() as Rollup.RollupOutput[]).flatMap(({ output }) => output);
  return new Map(
    outputs.map((file) => [basename(file.fileName), file.type === 'chunk' ? file.code : `${file.source}`]),
  );
}
