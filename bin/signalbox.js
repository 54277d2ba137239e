#!/usr/bin/env node
// Plain JavaScript that old versions of Node.js can read: they should print what is missing, and not fail at
// syntax that they do not know.
import { existsSync } from 'node:fs';

const minNodeVersion = 22;

function fail(line) {
  process.stderr.write(`${line}\n`);
  process.exitCode = 1;
}

// A checkout runs the TypeScript in `src/` as it is. The package has no `src/`; it has the build in `dist/`.
const source = new URL('../src/main.ts', import.meta.url);
const isCheckout = existsSync(source);

if (Number.parseInt(process.versions.node, 10) < minNodeVersion) {
  fail(
    `Signalbox needs Node.js ${minNodeVersion} or newer; this is v${process.versions.node}. ` +
      'In a checkout, `npm ci && npm start` installs and uses the right one.',
  );
} else if (isCheckout && !process.features.typescript) {
  fail(`Node.js v${process.versions.node} does not run the TypeScript of this checkout: use \`npm start\`.`);
} else {
  import(isCheckout ? source.href : '../dist/main.js').catch((error) => fail(error.stack));
}
