import type { Figure, Row } from '../figures.ts';
import { readResult } from '../results.ts';
import { number, splitName, table, times, title } from './format.ts';
import { atAllSizes, findFigure } from './lookup.ts';

/** The text of a block, or undefined if what it shows was not measured. */
export type Block = () => string | undefined;

/** Tables with a line for each system, and the command below each. */
export const tables: Readonly<Record<string, Block>> = {
  relay: bySystem('relay', [
    'CPU of both nodes, µs',
    'CPU of Redis, µs',
    'p50 under half load, ms',
    'p99 under half load, ms',
    'relays a second under half load',
    'warm-up, s',
  ]),
  'broadcast 10': bySystem('broadcast', broadcastFigures(), 10),
  'broadcast 100': bySystem('broadcast', broadcastFigures(), 100),
  'broadcast 1000': bySystem('broadcast', broadcastFigures(), 1000),
  streams: bySystem('streams', ['RSS per stream, KB', 'heap per stream, KB']),
  request: bySystem('request', ['CPU, µs']),
  join: byFigure('join'),
  'full room': bySize('full room', 'the script of the last join, ms', 'members'),
  recovery: byFigure('recovery'),
  profile,
  attacks,
};

function broadcastFigures(): readonly string[] {
  return [
    'CPU of all nodes per delivery, µs',
    'CPU of Redis per delivery, µs',
    'time until all members have it, p50, ms',
  ];
}

function bySystem(measurement: string, names: readonly string[], at?: number): Block {
  return () => {
    const figures = names.flatMap((figure) => findFigure({ measurement, figure, ...(at && { at }) }) ?? []);
    const [first] = figures;
    if (!first) return undefined;
    const head = ['', ...figures.map(({ name }) => splitName(name).words)];
    const rows = first.rows.map(({ system }) => [
      title(system),
      ...figures.map((figure) => cell(figure, system)),
    ]);
    return `${table(head, rows)}\n\n${source(measurement)}`;
  };
}

/** A line for each figure, a column for each system. */
function byFigure(measurement: string): Block {
  return () => {
    const figures = readResult(measurement)?.figures;
    const [first] = figures ?? [];
    if (!figures || !first) return undefined;
    const rows = figures.map((figure) => {
      const { words } = splitName(figure.name);
      const label = figure.measurement === measurement ? words : `${figure.measurement}: ${words}`;
      return [label, ...first.rows.map(({ system }) => cell(figure, system))];
    });
    return `${table(['', ...first.rows.map(({ system }) => title(system))], rows)}\n\n${source(measurement)}`;
  };
}

/** A line for each size, a column for each system. */
function bySize(measurement: string, figure: string, sizes: string): Block {
  return () => {
    const figures = atAllSizes({ measurement, figure });
    const [first] = figures;
    if (!first) return undefined;
    const rows = figures.map((each) => [
      `${each.at?.toLocaleString('en')} ${sizes}`,
      ...first.rows.map(({ system }) => cell(each, system)),
    ]);
    return `${table(['', ...first.rows.map(({ system }) => title(system))], rows)}\n\n${source(measurement)}`;
  };
}

/** The first system has its range, the others their ratio to it. */
function cell(figure: Figure, system: string): string {
  const row = figure.rows.find((each) => each.system === system);
  if (!row || row.median === null || !Number.isFinite(row.median)) return '–';
  const { unit } = splitName(figure.name);
  const value = `${number(row.median)}${unit && ` ${unit}`}`;
  if (row === figure.rows[0]) return `${value}${range(row)}`;
  return row.ratio === null || !Number.isFinite(row.ratio) ? value : `${value}, ${times(row.ratio)}`;
}

function range({ low, high }: Row): string {
  return low === high ? '' : ` (${number(low)}–${number(high)})`;
}

/** The command of a measurement, and where it ran. */
function source(measurement: string): string {
  const result = readResult(measurement);
  if (!result) return '';
  const { command, date, node, redis, cores, figures } = result;
  const rounds = figures[0]?.rows[0]?.values.length ?? 0;
  const count = `${rounds} round${rounds === 1 ? '' : 's'}`;
  return `\`${command}\`: ${count} on ${date}, ${cores} cores, Node.js ${node.slice(1)}, Redis ${redis}.`;
}

function profile(): string | undefined {
  const figures = (readResult('profile')?.figures ?? []).filter(({ name }) => name.includes('by part'));
  if (figures.length === 0) return undefined;
  const head = figures.flatMap(({ name }) => [splitName(name).words.replace(', by part', ''), '%']);
  const count = Math.max(...figures.map(({ rows }) => rows.length));
  const rows = Array.from({ length: count }, (_, i) =>
    figures.flatMap(({ rows }) => {
      const row = rows[i];
      return row ? [row.system, row.median.toFixed(0)] : ['', ''];
    }),
  );
  return `${table(head, rows)}\n\n${source('profile')}`;
}

function attacks(): string | undefined {
  const [inMemory, onRedis] = readResult('attacks')?.figures ?? [];
  if (!inMemory || !onRedis) return undefined;
  const rows = inMemory.rows
    .map(({ system, ratio }, i) => [system, times(ratio), times(onRedis.rows[i]?.ratio ?? Number.NaN)])
    .slice(1);
  return `${table(['Attack', 'In memory', 'On Redis'], rows)}\n\n${source('attacks')}`;
}
