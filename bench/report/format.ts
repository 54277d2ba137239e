/** Two or three significant digits: `7.4`, `36`, `275`, `4,100`. */
export function number(value: number): string {
  if (value >= 1000) return (Math.round(value / 100) * 100).toLocaleString('en');
  if (value >= 100) return value.toFixed(0);
  if (value >= 10) return String(Number(value.toFixed(value < 20 ? 1 : 0)));
  return String(Number(value.toPrecision(2)));
}

export function times(ratio: number): string {
  return `${ratio.toFixed(2)}×`;
}

/** `CPU of Redis, µs` → the words, and the unit. */
export function splitName(name: string): { readonly words: string; readonly unit: string } {
  const comma = name.lastIndexOf(', ');
  if (comma < 0) return { words: name, unit: '' };
  return { words: name.slice(0, comma), unit: name.slice(comma + 2) };
}

/** Signalbox begins its name with a capital in text. */
export function title(system: string): string {
  return system.replace(/^signalbox/, 'Signalbox').replace(/, memory$/, ', in memory');
}

/** A table of Markdown. The first column is text, the others are numbers. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const rule = head.map((_, i) => (i === 0 ? '---' : '---:'));
  return [line(head), line(rule), ...rows.map(line)].join('\n');
}

const lineLength = 120;

/** A point of a list, in lines of at most 120 characters. */
export function point(text: string): string {
  const lines = ['-'];
  for (const word of text.split(' ')) {
    const last = lines.at(-1) ?? '';
    if (last.length + 1 + word.length <= lineLength) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(`  ${word}`);
  }
  return lines.join('\n');
}
