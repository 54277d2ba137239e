import type { InlineConfig, Rollup } from 'vite';

/** The files of all pages, by their paths below the server's root: `client.js`, `draw/index.html`, `assets/…`. */
export type PageFiles = ReadonlyMap<string, string | Uint8Array>;

const root = new URL('./', import.meta.url).pathname;

const shared: InlineConfig = {
  configFile: false,
  logLevel: 'error',
  root,
  // Links are relative, because only the browser knows the path at which it reaches the server.
  base: './',
};

/** Bundles a part of the browser client into one file. `entry` is its file in `src/client`. */
async function buildClient(entry: string, name: string): Promise<Rollup.RollupOutput> {
  const { build } = await import('vite');
  const built = await build({
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
  });
  return built as Rollup.RollupOutput;
}

/** The browser client without the mesh, as a bundler would make it: to see its size. */
export async function buildSession(): Promise<string> {
  const { output } = await buildClient('session-only.ts', 'session.js');
  return output[0].code;
}

/** Bundles the pages and the browser client, in memory. It takes about a second. */
export async function buildPages(): Promise<PageFiles> {
  const { build } = await import('vite');
  const client = await buildClient('index.ts', 'client.js');
  const pages = await build({
    ...shared,
    build: {
      write: false,
      target: 'es2022',
      modulePreload: { polyfill: false },
      // Strict CSP: nothing is inlined as a data URL.
      assetsInlineLimit: 0,
      rollupOptions: { input: [`${root}draw/index.html`, `${root}start/index.html`] },
    },
  });
  const files = new Map<string, string | Uint8Array>();
  for (const built of [client, pages].flat() as Rollup.RollupOutput[]) {
    for (const file of built.output) {
      files.set(file.fileName, file.type === 'chunk' ? file.code : file.source);
    }
  }
  return files;
}
