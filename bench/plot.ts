/** The memory at one moment of a soak. */
export interface Sample {
  readonly minutes: number;
  /** The resident memory of each node. */
  readonly nodesMiB: readonly number[];
  readonly redisMiB: number;
  readonly keys: number;
}

const width = 720;
const height = 320;
const left = 56;
const right = 16;
const top = 24;
const bottom = 48;
const colours = ['#2563eb', '#0d9488', '#dc2626'];

/** Draws the memory of each process over time, as SVG. */
export function plot(samples: readonly Sample[]): string {
  const lines = [
    { name: 'node A', values: samples.map(({ nodesMiB }) => nodesMiB[0] ?? 0) },
    { name: 'node B', values: samples.map(({ nodesMiB }) => nodesMiB[1] ?? 0) },
    { name: 'Redis', values: samples.map(({ redisMiB }) => redisMiB) },
  ];
  const longest = samples.at(-1)?.minutes ?? 1;
  const highest = Math.ceil(Math.max(...lines.flatMap(({ values }) => values)) / 50) * 50;
  const x = (minutes: number) => left + (minutes / longest) * (width - left - right);
  const y = (mib: number) => top + (1 - mib / highest) * (height - top - bottom);
  const step = highest > 200 ? 100 : 50;
  const grid = Array.from({ length: Math.floor(highest / step) + 1 }, (_, i) => i * step).map(
    (mib) =>
      `<line x1="${left}" x2="${width - right}" y1="${y(mib)}" y2="${y(mib)}" stroke="#e5e7eb"/>` +
      `<text x="${left - 8}" y="${y(mib) + 4}" text-anchor="end">${mib}</text>`,
  );
  const ticks = Array.from({ length: Math.floor(longest) + 1 }, (_, minute) => minute).map(
    (minute) => `<text x="${x(minute)}" y="${height - bottom + 18}" text-anchor="middle">${minute}</text>`,
  );
  const curves = lines.map(({ values }, i) => {
    const points = values.map((mib, at) => `${x(samples[at]?.minutes ?? 0).toFixed(1)},${y(mib).toFixed(1)}`);
    return `<polyline points="${points.join(' ')}" fill="none" stroke="${colours[i]}" stroke-width="2"/>`;
  });
  const legend = lines.map(
    ({ name }, i) =>
      `<rect x="${left + i * 90}" y="4" width="12" height="12" fill="${colours[i]}"/>` +
      `<text x="${left + i * 90 + 18}" y="14">${name}</text>`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12" fill="#374151">`,
    '<title>Memory of two nodes and their Redis over the minutes of a soak</title>',
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    ...grid,
    ...ticks,
    ...curves,
    ...legend,
    `<text x="${(width + left) / 2}" y="${height - 8}" text-anchor="middle">minutes</text>`,
    `<text x="14" y="${height / 2}" transform="rotate(-90 14 ${height / 2})" text-anchor="middle">MiB</text>`,
    '</svg>',
    '',
  ].join('\n');
}
