/** Charts as SVG text, in the colours of a light or of a dark page. */
export interface Theme {
  readonly background: string;
  readonly text: string;
  readonly grid: string;
  /** Of each system. `''`: any other. */
  readonly colours: Readonly<Record<string, string>>;
}

export const light: Theme = {
  background: '#ffffff',
  text: '#374151',
  grid: '#e5e7eb',
  colours: {
    signalbox: '#2563eb',
    floor: '#0d9488',
    nchan: '#b45309',
    'socket.io': '#7c3aed',
    stock: '#be123c',
    '': '#6b7280',
  },
};

export const dark: Theme = {
  background: '#0d1117',
  text: '#d1d5db',
  grid: '#30363d',
  colours: {
    signalbox: '#60a5fa',
    floor: '#2dd4bf',
    nchan: '#fbbf24',
    'socket.io': '#a78bfa',
    stock: '#fb7185',
    '': '#9ca3af',
  },
};

const width = 720;
const titleHeight = 34;
const font = 'font-family="system-ui, sans-serif" font-size="12"';

export interface Bar {
  readonly label: string;
  /** One after another, each paler than the one before. */
  readonly parts: readonly number[];
}

/** Horizontal bars, each with its sum. `parts` are the names of the parts, if there are several. */
export function bars(
  { title, unit, parts = [] }: { title: string; unit: string; parts?: readonly string[] },
  rows: readonly Bar[],
  theme: Theme,
): string {
  const left = 150;
  const right = 130;
  const rowHeight = 30;
  const legendHeight = parts.length > 1 ? 22 : 0;
  const top = titleHeight + legendHeight;
  const longest = Math.max(...rows.map(({ parts }) => sum(parts)));
  const x = (value: number) => (value / longest) * (width - left - right);
  const drawn = rows.flatMap(({ label, parts }, i) => {
    const y = top + i * rowHeight;
    const lines = [text(left - 10, y + 17, label, 'end')];
    let at = 0;
    for (const [n, value] of parts.entries()) {
      lines.push(box(left + x(at), y + 3, x(value), 20, colourOf(theme, label), opacity(n)));
      at += value;
    }
    const values = parts.length > 1 ? ` = ${parts.map(short).join(' + ')}` : '';
    lines.push(text(left + x(at) + 8, y + 17, `${short(at)} ${unit}${values}`));
    return lines;
  });
  const legend = parts.flatMap((name, n) => [
    box(left + n * 130, titleHeight, 12, 12, theme.text, opacity(n)),
    text(left + n * 130 + 18, titleHeight + 11, name),
  ]);
  return svg(top + rows.length * rowHeight + 10, title, [...(legendHeight ? legend : []), ...drawn], theme);
}

export interface Line {
  readonly label: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

/** Lines over sizes, which stand at even distances. The values begin at 0. */
export function lines(
  { title, sizes, unit }: { title: string; sizes: string; unit: string },
  rows: readonly Line[],
  theme: Theme,
): string {
  const [left, right, bottom, height] = [60, 110, 46, 300];
  const at = [...new Set(rows.flatMap(({ points }) => points.map(([x]) => x)))].sort((a, b) => a - b);
  const step = niceStep(Math.max(...rows.flatMap(({ points }) => points.map(([, y]) => y))) / 4);
  const highest =
    Math.ceil(Math.max(...rows.flatMap(({ points }) => points.map(([, y]) => y))) / step) * step;
  const x = (size: number) => left + (at.indexOf(size) / Math.max(1, at.length - 1)) * (width - left - right);
  const y = (value: number) => titleHeight + (1 - value / highest) * (height - titleHeight - bottom);
  const grid = Array.from({ length: Math.round(highest / step) + 1 }, (_, i) => i * step).flatMap((value) => [
    `<line x1="${left}" x2="${width - right}" y1="${y(value)}" y2="${y(value)}" stroke="${theme.grid}"/>`,
    text(left - 8, y(value) + 4, short(value), 'end'),
  ]);
  const ticks = at.map((size) => text(x(size), height - bottom + 18, size.toLocaleString('en'), 'middle'));
  const ends = spread(rows.map(({ points }) => y(points.at(-1)?.[1] ?? 0)));
  const drawn = rows.flatMap(({ label, points }, i) => {
    const colour = colourOf(theme, label);
    const path = points.map(([size, value]) => `${x(size).toFixed(1)},${y(value).toFixed(1)}`).join(' ');
    return [
      `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"/>`,
      ...points.map(
        ([size, value]) =>
          `<circle cx="${x(size).toFixed(1)}" cy="${y(value).toFixed(1)}" r="3" fill="${colour}"/>`,
      ),
      text(width - right + 8, (ends[i] ?? 0) + 4, label, 'start', colour),
    ];
  });
  const axes = [
    text((left + width - right) / 2, height - 8, sizes, 'middle'),
    text(left - 8, titleHeight - 8, unit, 'end'),
  ];
  return svg(height, title, [...grid, ...ticks, ...axes, ...drawn], theme);
}

function svg(height: number, title: string, content: readonly string[], theme: Theme): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" ${font} fill="${theme.text}">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="${width}" height="${height}" fill="${theme.background}"/>`,
    `<text x="${width / 2}" y="20" text-anchor="middle" font-weight="600">${escaped(title)}</text>`,
    ...content,
    '</svg>',
    '',
  ].join('\n');
}

function text(x: number, y: number, words: string, anchor = 'start', fill?: string): string {
  const place = `x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}"`;
  return `<text ${place}${fill ? ` fill="${fill}"` : ''}>${escaped(words)}</text>`;
}

function box(x: number, y: number, width: number, height: number, fill: string, opacity: number): string {
  const place = `x="${x.toFixed(1)}" y="${y}" width="${width.toFixed(1)}" height="${height}"`;
  return `<rect ${place} fill="${fill}" fill-opacity="${opacity}"/>`;
}

function opacity(part: number): number {
  return part === 0 ? 1 : 0.45;
}

function colourOf({ colours }: Theme, label: string): string {
  return colours[label.toLowerCase()] ?? colours[''] ?? '';
}

/** Moves labels apart that would cover each other. */
function spread(places: readonly number[]): readonly number[] {
  const gap = 14;
  const sorted = places.map((y, i) => ({ y, i })).sort((a, b) => a.y - b.y);
  for (const [n, label] of sorted.entries()) {
    const above = sorted[n - 1];
    if (above) label.y = Math.max(label.y, above.y + gap);
  }
  return places.map((_, i) => sorted.find((label) => label.i === i)?.y ?? 0);
}

/** 1, 2 or 5, or one of them times a power of ten. */
function niceStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  return ([1, 2, 5, 10].find((step) => step * power >= least) ?? 10) * power;
}

function short(value: number): string {
  return value >= 100 || value === 0 ? value.toFixed(0) : String(Number(value.toPrecision(2)));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function escaped(words: string): string {
  return words.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
