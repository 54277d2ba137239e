/** The colours to draw with, and their names. */
export const colours = [
  ['#1f2937', 'Ink'],
  ['#e03131', 'Red'],
  ['#f08c00', 'Orange'],
  ['#fcc419', 'Yellow'],
  ['#2f9e44', 'Green'],
  ['#1098ad', 'Teal'],
  ['#3b5bdb', 'Blue'],
  ['#ae3ec9', 'Violet'],
] as const;

/** The colours of people. White text can be read on each. */
const peopleColours = [
  '#c2255c',
  '#2b8a3e',
  '#5f3dc4',
  '#d9480f',
  '#0b7285',
  '#1864ab',
  '#7f4f24',
  '#495057',
];

/**
 * The people's colours. `ids` are in order of joining, which is the same on every page, and so are the colours. Two
 * people have the same one only if there are more people than colours.
 */
export function coloursOf(ids: readonly string[]): ReadonlyMap<string, string> {
  const colours = new Map<string, string>();
  for (const id of ids) {
    const start = sumOf(id) % peopleColours.length;
    const wanted = [...peopleColours.slice(start), ...peopleColours.slice(0, start)];
    const taken = new Set(colours.values());
    colours.set(id, wanted.find((colour) => !taken.has(colour)) ?? wanted[0] ?? '');
  }
  return colours;
}

function sumOf(text: string): number {
  let sum = 0;
  for (const character of text) sum = (sum * 31 + character.charCodeAt(0)) % 9973;
  return sum;
}
