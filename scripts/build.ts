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
rmSync(join(dist, 'pages'), { recursive: true });
// With another value, React's code for development would be built in.
process.env.NODE_ENV = 'production';
let graphiqlBytes = 0;
for (const [name, content] of [...(await buildPages('pages')), ...(await buildPages('graphiql'))]) {
  const path = join(dist, 'pages/built', name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  const bytes = gzipSync(content).length;
  if (name.startsWith('graphiql/')) graphiqlBytes += bytes;
  else process.stdout.write(`${name}: ${bytes} bytes compressed\n`);
}
process.stdout.write(`signalbox/client/session: ${gzipSync(await buildSession()).length} bytes compressed\n`);
process.stdout.write(`graphiql, in all: ${graphiqlBytes} bytes compressed\n`);
process.exitCode = status ?? 1;
