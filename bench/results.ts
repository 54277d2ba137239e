import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import type { Figure, Row } from './figures.ts';

const folder = new URL('results/', import.meta.url);

/** What one measurement found, and how to repeat it. */
export interface Result {
  readonly command: string;
  /** The day, such as `2026-01-31`. */
  readonly date: string;
  readonly node: string;
  readonly redis: string;
  readonly cores: number;
  /** How long it took. */
  readonly seconds: number;
  readonly figures: readonly Figure[];
}

/** Writes `bench/results/<name>.json`. */
export function keepResult(
  name: string,
  facts: Pick<Result, 'command' | 'redis' | 'seconds' | 'figures'>,
): void {
  const result: Result = {
    command: facts.command,
    date: new Date().toISOString().slice(0, 10),
    node: process.version,
    redis: facts.redis,
    cores: availableParallelism(),
    seconds: Math.round(facts.seconds),
    figures: facts.figures.map((figure) => ({ ...figure, rows: figure.rows.map(rounded) })),
  };
  mkdirSync(folder, { recursive: true });
  writeFileSync(new URL(fileName(name), folder), `${toJson(result)}\n`);
}

/** Undefined if the measurement was not recorded. */
export function readResult(name: string): Result | undefined {
  try {
    return JSON.parse(readFileSync(new URL(fileName(name), folder), 'utf8')) as Result;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function fileName(name: string): string {
  return `${name.replaceAll(' ', '-')}.json`;
}

/** Lists of numbers on one line each. */
function toJson(result: Result): string {
  return JSON.stringify(result, null, 2).replaceAll(/\[[-\d.,\sneul]*\]/g, (list) =>
    list.replaceAll(/\s+/g, ' ').replace('[ ', '[').replace(' ]', ']'),
  );
}

/** Four digits are more than a measurement is worth. */
function rounded(row: Row): Row {
  const round = (value: number) => Number(value.toPrecision(4));
  const { system, median, low, high, values, ratio } = row;
  return {
    system,
    median: round(median),
    low: round(low),
    high: round(high),
    values: values.map(round),
    ratio: round(ratio),
  };
}
