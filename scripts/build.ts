/** Builds `dist/` from `src/`. The package ships it, so that Node.js without TypeScript can run it. */
import { spawnSync } from 'node:child_process';
import { cpSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { buildPages, buildSession } from '../src/pages/build.ts';

const root = dirname(import.meta.dirname);
const dist = join(root, 'dist');

/** The other files in `src/` that the code reads at run time. */
const assets = 'src/**/*.{lua,svg}';

rmSync(dist, { recursive: true, force: true });
const tsc = join(dirname(fileURLToPath(import.meta.resolve('typescript/package.json'))), 'bin', 'tsc');
const { status } = spawnSync(process.execPath, [tsc, '--project', 'tsconfig.build.json'], {
  cwd: root,
  stdio: 'inherit',
});
for (const asset of globSync(assets, { cwd: root })) {
  cpSync(join(root, asset), join(dist, relative('src', asset)));
}
// One file, for code generators and editors.
const schema = globSync('schema/*.graphql', { cwd: root }).sort();
writeFileSync(
  join(dist, 'schema.graphql'),
  schema.map((file) => readFileSync(join(root, file), 'utf8')).join('\n'),
);
// The browser gets the pages in one piece each.
for (const page of ['draw', 'start', 'icon.svg']) rmSync(join(dist, 'pages', page), { recursive: true });
for (const [name, content] of await buildPages()) {
  const path = join(dist, 'pages/built', name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  process.stdout.write(`${name}: ${gzipSync(content).length} bytes compressed\n`);
}
process.stdout.write(`signalbox/client/session: ${gzipSync(await buildSession()).length} bytes compressed\n`);
process.exitCode = status ?? 1;
