import { readFileSync } from 'node:fs';

/** The version of the package. `package.json` is one folder above both `src/` and `dist/`. */
export const version: string = JSON.parse(
  readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
).version;

/** Tells a person who has just started the server where it is, and where it keeps its rooms. */
export function banner(server: {
  readonly url: string;
  readonly hub: string;
  readonly adminUrl?: string | undefined;
}): string {
  return [
    '',
    `  Signalbox ${version}, ${server.hub}`,
    '',
    `  Try it    ${server.url}/`,
    `  GraphiQL  ${server.url}/graphql`,
    `  Health    ${server.url}/health`,
    ...(server.adminUrl === undefined ? [] : [`  Metrics   ${server.adminUrl}/metrics`]),
    '',
    '  Ctrl+C stops the server, --help shows the settings.',
    '',
    '',
  ].join('\n');
}
