import { type Bar, bars, type Line, lines, type Theme } from './chart.ts';
import { title } from './format.ts';
import { atAllSizes, findFigure, findRow, type Place } from './lookup.ts';

/** One picture of docs/performance.md. */
export interface Plot {
  /** Of its files, without `.svg`. */
  readonly name: string;
  /** What it shows, for those who cannot see it. */
  readonly alt: string;
  /** Undefined if what it shows was not measured. */
  draw(theme: Theme): string | undefined;
}

const nodesAndRedis = ['nodes', 'Redis'];
const deliveryCost = 'CPU of all nodes per delivery, µs';
const relayCost = 'CPU of all nodes per relay, µs';

export const plots: readonly Plot[] = [
  barPlot('relay', 'CPU of a relay between two nodes', 'µs', nodesAndRedis, [
    { measurement: 'relay', figure: 'CPU of both nodes, µs' },
    { measurement: 'relay', figure: 'CPU of Redis, µs' },
  ]),
  barPlot('broadcast', 'CPU of a delivery of a broadcast to 1,000', 'µs', nodesAndRedis, [
    { measurement: 'broadcast', figure: deliveryCost, at: 1000 },
    { measurement: 'broadcast', figure: 'CPU of Redis per delivery, µs', at: 1000 },
  ]),
  barPlot(
    'streams',
    'Memory of each of 10,000 idle streams (RSS)',
    'KB',
    [],
    [{ measurement: 'streams', figure: 'RSS per stream, KB' }],
  ),
  linePlot('nodes', 'CPU of a relay, by the number of nodes', 'nodes', 'µs', relayCost),
  linePlot(
    'nodes',
    'CPU of a delivery to a room of 240, by the number of nodes',
    'nodes',
    'µs',
    deliveryCost,
  ),
  linePlot('rooms', 'CPU of a relay, by the number of rooms', 'rooms', 'µs', relayCost),
  linePlot('broadcast', 'CPU of a delivery, by the size of the room', 'members', 'µs', deliveryCost),
  linePlot('payload', 'CPU of a relay, by the size of its message', 'bytes', 'µs', relayCost),
  linePlot(
    'full room',
    'Time in Redis of the last join, by the size of the room',
    'members',
    'ms',
    'the script of the last join, ms',
  ),
];

function barPlot(
  name: string,
  caption: string,
  unit: string,
  parts: readonly string[],
  places: readonly Place[],
): Plot {
  return {
    name: `performance-${name}`,
    alt: `${caption}: a bar for each system, with the values of the table below.`,
    draw(theme) {
      const [first] = places;
      const rows = first ? findFigure(first)?.rows : undefined;
      if (!rows) return undefined;
      const drawn = rows.flatMap(({ system }): Bar[] => {
        const values = places.flatMap((place) => findRow(place, system)?.median ?? []);
        return values.length === 0 ? [] : [{ label: title(system), parts: values }];
      });
      const sum = ({ parts }: Bar) => parts.reduce((total, value) => total + value, 0);
      return bars(
        { title: caption, unit, parts },
        drawn.toSorted((a, b) => sum(a) - sum(b)),
        theme,
      );
    },
  };
}

function linePlot(measurement: string, caption: string, sizes: string, unit: string, figure: string): Plot {
  const what = figure === deliveryCost && measurement === 'nodes' ? 'nodes-broadcast' : measurement;
  return {
    name: `performance-by-${sizes === 'members' ? `members-${what.replace(' ', '-')}` : what}`,
    alt: `${caption}: a line for each system.`,
    draw(theme) {
      const figures = atAllSizes({ measurement, figure });
      if (figures.length < 2) return undefined;
      const systems = figures[0]?.rows.map(({ system }) => system) ?? [];
      const drawn = systems.map((system): Line => {
        const points = figures.flatMap(({ at, rows }) => {
          const value = rows.find((row) => row.system === system)?.median;
          return at === undefined || value === undefined ? [] : [[at, value] as const];
        });
        return { label: title(system), points };
      });
      return lines({ title: caption, sizes, unit }, drawn, theme);
    },
  };
}
