/** Builds `dist/` from `src/`. The package ships it, so that Node.js without TypeScript can run it. */
import { spawnSync } from 'node:child_process';
import { cpSync, globSync, rmSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(import.meta.dirname);
const dist = join(root, 'dist');

/** The other files in `src/` that the code reads at run time. */
const assets = 'src/**/*.{lua,html,css,svg}';

rmSync(dist, { recursive: true, force: true });
const tsc = join(dirname(fileURLToPath(import.meta.resolve('typescript/package.json'))), 'bin', 'tsc');
const { status } = spawnSync(process.execPath, [tsc, '--project', 'tsconfig.build.json'], {
  cwd: root,
  stdio: 'inherit',
});
for (const asset of globSync(assets, { cwd: root })) {
  cpSync(join(root, asset), join(dist, relative('src', asset)));
}
process.exitCode = status ?? 1;
