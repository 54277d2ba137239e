/** What one round told of one system: a value for each figure. */
export type Sample = Readonly<Record<string, number>>;

/** A figure of one system, over all rounds. */
export interface Row {
  readonly system: string;
  readonly median: number;
  readonly low: number;
  readonly high: number;
  /** To the first system in the same round: the median over the rounds. */
  readonly ratio: number;
}

export interface Figure {
  readonly measurement: string;
  /** With its unit. */
  readonly name: string;
  readonly rows: readonly Row[];
}

/**
 * Measures each in turn, round after round, so that what else the machine does meets all of them
 * alike. What came before the first round (opening streams, warming up) is not for here.
 */
export async function alternate<T extends { readonly name: string }>(
  measurement: string,
  things: readonly T[],
  rounds: number,
  measure: (thing: T) => Promise<Sample>,
): Promise<readonly Figure[]> {
  const samples = new Map<string, Sample[]>(things.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const thing of things) samples.get(thing.name)?.push(await measure(thing));
  }
  return summarize(measurement, samples);
}

function summarize(measurement: string, samples: ReadonlyMap<string, readonly Sample[]>): Figure[] {
  const [first = []] = samples.values();
  return Object.keys(first[0] ?? {}).map((name) => ({
    measurement,
    name,
    rows: Array.from(samples, ([system, rounds]) => {
      const values = rounds.map((sample) => sample[name] ?? Number.NaN);
      const ratios = values.map((value, round) => value / (first[round]?.[name] ?? Number.NaN));
      return {
        system,
        median: median(values),
        low: Math.min(...values),
        high: Math.max(...values),
        ratio: median(ratios),
      };
    }),
  }));
}

/** The value below which that part of them lies. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}

/** The middle one, or between the two that are. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  const lower = sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN;
  return (lower + upper) / 2;
}

/** As aligned lines of text: a block for each figure. */
export function toText(figures: readonly Figure[]): string {
  const lines: string[] = [];
  for (const { measurement, name, rows } of figures) {
    const cells = [
      [`${measurement}: ${name}`, 'median', 'low', 'high', 'ratio'],
      ...rows.map(({ system, median, low, high, ratio }) => [
        `  ${system}`,
        ...[median, low, high].map(digits),
        rows.length > 1 ? `${ratio.toFixed(2)}x` : '',
      ]),
    ];
    for (const [label = '', ...values] of cells) {
      lines.push(label.padEnd(52) + values.map((value) => value.padStart(10)).join(''));
    }
    lines.push('');
  }
  return lines.join('\n');
}

function digits(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
