import { type Figure, median, type Row } from '../figures.ts';
import { readResult } from '../results.ts';

/** Where a figure is: the measurement, its name with the unit, and the size at which it was taken. */
export interface Place {
  readonly measurement: string;
  readonly figure: string;
  /** Default: the largest size. */
  readonly at?: number;
  /** The measurement within the file, if the file has several. */
  readonly within?: string;
}

/** Undefined if it was not measured. */
export function findFigure({ measurement, figure, at, within }: Place): Figure | undefined {
  const found = (readResult(measurement)?.figures ?? [])
    .filter(({ name }) => name === figure)
    .filter((each) => within === undefined || each.measurement === within);
  return found.findLast((each) => at === undefined || each.at === at);
}

/** The same figure at all its sizes. */
export function atAllSizes({ measurement, figure }: Place): readonly Figure[] {
  return (readResult(measurement)?.figures ?? []).filter(({ name }) => name === figure);
}

/** Undefined if the system was not measured, or has no such figure. */
export function findRow(place: Place, system: string): Row | undefined {
  const row = findFigure(place)?.rows.find((each) => each.system === system);
  // JSON has no NaN: it is null there.
  return Number.isFinite(row?.median) && row?.median !== null ? row : undefined;
}

export function medianOf(place: Place, system: string): number | undefined {
  return findRow(place, system)?.median;
}

/** The ratio of two systems in the same round; the median over the rounds. */
export function ratioOf(place: Place, system: string, to: string): number | undefined {
  const [over, under] = [findRow(place, system), findRow(place, to)];
  if (!over || !under) return undefined;
  return median(over.values.map((value, round) => value / (under.values[round] ?? Number.NaN)));
}

/** The name of the other checkout of Signalbox that was measured too (`--against`). */
export function earlierVersion(place: Place): string | undefined {
  const systems = findFigure(place)?.rows.map(({ system }) => system) ?? [];
  return systems.find((system) => /^signalbox, (?!memory)/.test(system));
}
