import { fontFamily, fontSizeOf, linesOf } from './geometry.ts';
import { board, type Shape } from './shape.ts';

export const paper = '#ffffff';

/** The drawing as an SVG file. */
export function toSvg(shapes: readonly Shape[]): string {
  const { width, height } = board;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">`,
    `<rect width="${width}" height="${height}" fill="${paper}"/>`,
    '<g fill="none" stroke-linecap="round" stroke-linejoin="round">',
    ...shapes.map(elementOf),
    '</g>',
    '</svg>',
  ].join('\n');
}

function elementOf(shape: Shape): string {
  if (shape.kind === 'text') {
    const [x = 0, y = 0] = shape.points;
    const size = fontSizeOf(shape);
    return `<text x="${x}" y="${y}" font-family="${fontFamily}" font-size="${size}" fill="${shape.colour}">${escaped(shape.text)}</text>`;
  }
  const paths = linesOf(shape).map(({ path, width }) => `<path d="${path}" stroke-width="${width}"/>`);
  return `<g stroke="${shape.colour}">${paths.join('')}</g>`;
}

function escaped(text: string): string {
  // Characters that XML does not allow are left out.
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replace(/[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu, '');
}
