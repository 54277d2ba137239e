import { progress } from './progress.ts';

/** The results of one round for one system: figure -> value. */
export type Sample = Readonly<Record<string, number>>;

/** A figure of one system over all rounds. */
export interface Row {
  readonly system: string;
  readonly median: number;
  readonly low: number;
  readonly high: number;
  /** The value of each round. */
  readonly values: readonly number[];
  /** The ratio to the first system in the same round; the median over the rounds. */
  readonly ratio: number;
}

export interface Figure {
  readonly measurement: string;
  /** With the unit. */
  readonly name: string;
  /** The size at which it was taken, such as the number of members, if the measurement takes several. */
  readonly at?: number;
  readonly rows: readonly Row[];
}

/**
 * Measures the things in turn, round after round, so that other work on the machine disturbs all of them alike.
 * The caller has already opened streams and warmed up. `at`: the size at which all are measured. If the first thing
 * fails, this throws. If another fails, the rest is measured without it.
 */
export async function alternate<T extends { readonly name: string }>(
  measurement: string,
  things: readonly T[],
  rounds: number,
  measure: (thing: T) => Promise<Sample>,
  at?: number,
): Promise<readonly Figure[]> {
  const samples = new Map<string, Sample[]>(things.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    progress(`${measurement}${at === undefined ? '' : ` ${at}`}: round ${round + 1} of ${rounds}`);
    for (const thing of things) {
      const values = samples.get(thing.name);
      if (!values) continue;
      try {
        values.push(await measure(thing));
      } catch (error) {
        const reason = `${thing.name}: ${error instanceof Error ? error.message : error}`;
        if (thing === things[0]) throw new Error(reason, { cause: error });
        progress(`From here on it is left out, with all its figures: ${reason}`);
        samples.delete(thing.name);
      }
    }
  }
  return summarize(measurement, samples, at);
}

function summarize(
  measurement: string,
  samples: ReadonlyMap<string, readonly Sample[]>,
  at?: number,
): Figure[] {
  const [first = []] = samples.values();
  return Object.keys(first[0] ?? {}).map((name) => ({
    measurement,
    name,
    ...(at !== undefined && { at }),
    rows: Array.from(samples, ([system, rounds]) => {
      const values = rounds.map((sample) => sample[name] ?? Number.NaN);
      const ratios = values.map((value, round) => value / (first[round]?.[name] ?? Number.NaN));
      return {
        system,
        median: median(values),
        low: Math.min(...values),
        high: Math.max(...values),
        values,
        ratio: median(ratios),
      };
    }),
  }));
}

/** The value below which this part of the values lies. `part` is between 0 and 1. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}

/** The middle value, or the mean of the two middle values. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  const lower = sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN;
  return (lower + upper) / 2;
}

const labelWidth = 40;

/** Aligned lines of text: a block for each figure. */
export function toText(figures: readonly Figure[]): string {
  const lines: string[] = [];
  for (const { measurement, name, at, rows } of figures) {
    const cells = [
      ['  system', 'median', 'low', 'high', 'ratio'],
      ...rows.map(({ system, median, low, high, ratio }) => [
        `  ${system}`,
        ...[median, low, high].map(digits),
        rows.length > 1 && Number.isFinite(ratio) ? `${ratio.toFixed(2)}x` : '',
      ]),
    ];
    lines.push(`${measurement}${at === undefined ? '' : ` ${at}`}: ${name}`);
    for (const [label = '', ...values] of cells) {
      lines.push(label.padEnd(labelWidth) + values.map((value) => value.padStart(10)).join(''));
    }
    lines.push('');
  }
  return lines.join('\n');
}

/** Three significant digits, or a whole number if that has more. */
function digits(value: number): string {
  if (!Number.isFinite(value)) return '–';
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
