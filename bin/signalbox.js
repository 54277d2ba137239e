#!/usr/bin/env node
// Plain JavaScript, of the kind that old versions of Node can read: they are to say what is missing,
// not to stop at syntax that they do not know.
import { existsSync } from 'node:fs';

const oldest = 22;

function fail(line) {
  process.stderr.write(`${line}\n`);
  process.exitCode = 1;
}

// A checkout runs its TypeScript as it is; the package has no `src`, but what was built of it.
const source = new URL('../src/main.ts', import.meta.url);
const isCheckout = existsSync(source);

if (Number.parseInt(process.versions.node, 10) < oldest) {
  fail(
    `Signalbox needs Node ${oldest} or newer; this is v${process.versions.node}. ` +
      'In a checkout, `npm ci && npm start` brings its own.',
  );
} else if (isCheckout && !process.features.typescript) {
  fail(
    `This is a checkout, and Node v${process.versions.node} does not run its TypeScript: use \`npm start\`.`,
  );
} else {
  import(isCheckout ? source.href : '../dist/main.js').catch((error) => fail(error.stack));
}
