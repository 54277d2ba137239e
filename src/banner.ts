import { readFileSync } from 'node:fs';

/** Of the package: `../package.json` is at the same place for `src/` and for `dist/`. */
export const version: string = JSON.parse(
  readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
).version;

/** Where the server is and what it keeps its rooms in, for the one who has just started it. */
export function banner(server: { readonly url: string; readonly hub: string }): string {
  return [
    '',
    `  Signalbox ${version}, ${server.hub}`,
    '',
    `  Try it    ${server.url}/`,
    `  GraphiQL  ${server.url}/graphql`,
    `  Health    ${server.url}/health`,
    '',
    '  Ctrl+C stops it, --help shows its settings.',
    '',
    '',
  ].join('\n');
}
