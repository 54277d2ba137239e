import type { InlineConfig, Plugin, Rollup } from 'vite';

/** The files of some pages, by their paths below the server's root: `client.js`, `draw/index.html`, `assets/…`. */
export type PageFiles = ReadonlyMap<string, string | Uint8Array>;

/** GraphiQL is a group of its own: building it takes longer, and many servers never show it. */
export type PageGroup = 'pages' | 'graphiql';

const root = new URL('./', import.meta.url).pathname;

const shared: InlineConfig = {
  configFile: false,
  logLevel: 'error',
  root,
  // Links are relative, because only the browser knows the path at which it reaches the server.
  base: './',
};

const sharedBuild: InlineConfig['build'] = {
  write: false,
  target: 'es2022',
  modulePreload: { polyfill: false },
  // Strict CSP: nothing is inlined as a data URL.
  assetsInlineLimit: 0,
};

/** Changes to files of the packages that GraphiQL consists of. */
const changes: readonly { readonly file: string; readonly from: RegExp; readonly to: string }[] = [
  // Removes the fonts, which are data URLs and larger than the code. The system has fonts.
  { file: '/graphiql/dist/style.css', from: /@font-face\s*\{[^}]*\}/g, to: '' },
  // Otherwise the editor marks an object as wrong where the type is a scalar, such as JSON.
  {
    file: '/codemirror-graphql/esm/variables/lint.js',
    from: /(?=if \(\(type instanceof GraphQLEnumType)/,
    to: "if (type.name === 'JSON') return [];\n",
  },
  // The package makes the label of an icon from the name of a function, which minification changes: "ag icon".
  {
    file: '/@graphiql/react/dist/icons/index.js',
    from: /generateIcon\(Svg(\w+)\)/g,
    to: "generateIcon(Svg$1, '$1')",
  },
  {
    file: '/@graphiql/react/dist/icons/index.js',
    from: /generateIcon\(RawComponent\) \{\s+const title = RawComponent\.name\.replace\("Svg", ""\)/,
    to: 'generateIcon(RawComponent, name) {\n  const title = name',
  },
  // Otherwise the package writes a style into the page, which the policy forbids. The style keeps a page from scrolling
  // behind a menu, and this page does not scroll.
  {
    file: '/react-style-singleton/dist/es2015/singleton.js',
    from: /if \(!document\)\s+return null;/,
    to: 'return null;',
  },
];

const changedPackages: Plugin = {
  name: 'changed-packages',
  enforce: 'pre',
  transform(code, id) {
    let changed = code;
    for (const { file, from, to } of changes) {
      if (!id.endsWith(file)) continue;
      if (changed.search(from) < 0)
        this.error(`${id} has no ${from}: its new version may not need the change.`);
      changed = changed.replace(from, to);
    }
    return changed === code ? undefined : { code: changed, map: null };
  },
};

/** Bundles a part of the browser client into one file. `entry` is its file in `src/client`. */
function clientConfig(entry: string, name: string): InlineConfig {
  return {
    ...shared,
    build: {
      write: false,
      target: 'es2022',
      copyPublicDir: false,
      rollupOptions: {
        input: new URL(`../client/${entry}`, import.meta.url).pathname,
        preserveEntrySignatures: 'strict',
        output: { format: 'es', entryFileNames: name },
      },
    },
  };
}

const configs: Readonly<Record<PageGroup, readonly InlineConfig[]>> = {
  pages: [
    clientConfig('index.ts', 'client.js'),
    {
      ...shared,
      build: {
        ...sharedBuild,
        rollupOptions: { input: [`${root}draw/index.html`, `${root}start/index.html`] },
      },
    },
  ],
  graphiql: [
    {
      ...shared,
      plugins: [changedPackages],
      build: {
        ...sharedBuild,
        assetsDir: 'graphiql',
        chunkSizeWarningLimit: Number.POSITIVE_INFINITY,
        rollupOptions: { input: `${root}graphiql/index.html` },
      },
    },
  ],
};

/** Bundles a group of pages, in memory. It takes one to three seconds, and some hundred megabytes. */
export async function buildPages(group: PageGroup): Promise<PageFiles> {
  const { build } = await import('vite');
  const files = new Map<string, string | Uint8Array>();
  for (const config of configs[group]) {
    for (const built of [await build(config)].flat() as Rollup.RollupOutput[]) {
      for (const output of built.output) {
        files.set(output.fileName, output.type === 'chunk' ? output.code : output.source);
      }
    }
  }
  return files;
}

/** The browser client without the mesh, as a bundler would make it: to see its size. */
export async function buildSession(): Promise<string> {
  const { build } = await import('vite');
  const built = await build(clientConfig('session-only.ts', 'session.js'));
  const [{ output }] = [built].flat() as [Rollup.RollupOutput];
  return output[0].code;
}
