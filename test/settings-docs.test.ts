import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { settings } from '../src/settings-table.ts';

const page = 'docs/operating.md';

test(`the table of settings in ${page} has the variables, defaults and meanings that --help prints`, () => {
  const documented = tableUnder('## Settings', readFileSync(new URL(`../${page}`, import.meta.url), 'utf8'));
  expect(documented[0]).toEqual(['Variable', 'Default', 'Meaning']);
  expect(documented.slice(2)).toEqual(
    settings.map(([, { variable, default: value = '', about }]) => [variable, value, plain(about)]),
  );
});

/** The cells of the first Markdown table under the heading, as plain text, its ruler included. */
function tableUnder(heading: string, markdown: string): string[][] {
  const lines = markdown.split('\n');
  const start = lines.indexOf(heading);
  if (start === -1) throw new Error(`${page} has no heading "${heading}".`);
  const first = lines.findIndex((line, i) => i > start && line.startsWith('|'));
  const end = lines.findIndex((line, i) => i > first && !line.startsWith('|'));
  return lines.slice(first, end === -1 ? undefined : end).map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => plain(cell.trim())),
  );
}

/** The text without the marks of code, which the page uses and a terminal does not need. */
function plain(text: string): string {
  return text.replaceAll('`', '');
}
