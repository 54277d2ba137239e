import { encode } from 'uqr';
import { find } from './find.ts';

/** Light squares around the code. Cameras need four. */
const border = 4;
const svgNamespace = 'http://www.w3.org/2000/svg';

/** Shows the text as a QR code when the visitor asks for it. */
export function offerQrCode(text: string): void {
  const details = find<HTMLDetailsElement>('qr');
  details.addEventListener('toggle', () => {
    if (details.open && !details.querySelector('svg')) details.append(draw(text));
  });
}

/** Dark on white in every colour scheme, because many cameras read nothing else. */
function draw(text: string): SVGElement {
  const { size, data } = encode(text, { ecc: 'M', border });
  const svg = element('svg', { viewBox: `0 0 ${size} ${size}`, role: 'img' });
  svg.setAttribute('aria-label', 'QR code of the link to this room');
  const squares = data.flatMap((row, y) => row.map((isDark, x) => (isDark ? `M${x} ${y}h1v1h-1z` : '')));
  svg.append(
    element('rect', { width: String(size), height: String(size), fill: '#fff' }),
    element('path', { d: squares.join(''), fill: '#000' }),
  );
  return svg;
}

function element(name: string, attributes: Readonly<Record<string, string>>): SVGElement {
  const made = document.createElementNS(svgNamespace, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}
