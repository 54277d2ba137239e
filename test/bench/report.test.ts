import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { drawings, filled } from '../../bench/report/write.ts';

const docs = new URL('../../docs/', import.meta.url);
const read = (file: string) => readFileSync(new URL(file, docs), 'utf8');

describe('docs/performance.md', () => {
  test('its lists and tables are those of bench/results/: run `node bench/report.ts`', () => {
    const text = read('performance.md');
    expect(filled(text)).toBe(text);
  });

  test('its plots are those of bench/results/: run `node bench/report.ts`', () => {
    const plots = [...drawings()];
    expect(plots.filter(([file, svg]) => read(`img/${file}`) !== svg).map(([file]) => file)).toEqual([]);
  });
});
