import { readFileSync, writeFileSync } from 'node:fs';
import { progress } from '../progress.ts';
import { dark, light } from './chart.ts';
import { meaningBlock } from './meaning.ts';
import { type Plot, plots } from './plots.ts';
import { type Block, tables } from './tables.ts';
import { targetsBlock } from './targets.ts';

const document = new URL('../../docs/performance.md', import.meta.url);
const pictures = new URL('../../docs/img/', import.meta.url);

/** The document has `<!-- bench: relay -->` before a block and `<!-- /bench -->` after it. */
const blockPattern = /(<!-- bench: ([^>]+) -->\n)([\s\S]*?)(<!-- \/bench -->)/g;

/** Writes the plots, and the blocks of docs/performance.md. */
export function writeReport(): void {
  for (const [file, svg] of drawings()) writeFileSync(new URL(file, pictures), svg);
  writeFileSync(document, filled(readFileSync(document, 'utf8')));
  progress('docs/performance.md and its plots are written.');
}

/** The document with the blocks as bench/results/ has them. A block whose figures were not measured stays as it is. */
export function filled(text: string): string {
  const used = new Set<string>();
  const written = text.replaceAll(
    blockPattern,
    (_, start: string, name: string, old: string, end: string) => {
      used.add(name);
      const block = blocks[name];
      if (!block) throw new Error(`docs/performance.md has a block "${name}", which nothing writes.`);
      return start + (block()?.concat('\n') ?? old) + end;
    },
  );
  const missing = Object.keys(blocks).filter((name) => !used.has(name));
  if (missing.length > 0) throw new Error(`docs/performance.md has no block for ${missing.join(', ')}.`);
  return written;
}

/** The plots for light and dark pages, by the names of their files. */
export function drawings(): ReadonlyMap<string, string> {
  const themes = [
    ['', light],
    ['-dark', dark],
  ] as const;
  const all = new Map<string, string>();
  for (const { name, draw } of plots) {
    for (const [suffix, theme] of themes) {
      const svg = draw(theme);
      if (svg !== undefined) all.set(`${name}${suffix}.svg`, svg);
    }
  }
  return all;
}

const blocks: Readonly<Record<string, Block>> = {
  meaning: meaningBlock,
  targets: targetsBlock,
  ...tables,
  ...Object.fromEntries(plots.map((plot) => [plot.name, () => picture(plot)])),
};

function picture({ name, alt, draw }: Plot): string | undefined {
  if (draw(light) === undefined) return undefined;
  const source = `<source media="(prefers-color-scheme: dark)" srcset="img/${name}-dark.svg">`;
  return `<picture>${source}<img src="img/${name}.svg" alt="${alt}"></picture>`;
}
