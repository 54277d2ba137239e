import type { Shape } from './shape.ts';

/** A line to draw: the commands of an SVG path, and its width. */
export interface Line {
  readonly path: string;
  readonly width: number;
}

/** Pressure is rounded to this many steps, so that a stroke is made of few lines. */
const pressureSteps = 8;

export const fontFamily = 'ui-rounded, system-ui, sans-serif';

export function fontSizeOf({ width }: Pick<Shape, 'width'>): number {
  return 24 + width * 4;
}

/** The lines of a shape. A text has none. The canvas and the SVG file draw these same lines. */
export function linesOf(shape: Shape): readonly Line[] {
  const { kind, width, points } = shape;
  switch (kind) {
    case 'pencil':
      return pencilLines(points, width);
    case 'rectangle': {
      const { left, top, right, bottom } = boxOf(points);
      return [{ path: `M${left} ${top}H${right}V${bottom}H${left}Z`, width }];
    }
    case 'circle': {
      const { left, top, right, bottom } = boxOf(points);
      const [rx, ry, y] = [(right - left) / 2, (bottom - top) / 2, (top + bottom) / 2].map(rounded);
      const arc = `A${rx} ${ry} 0 1 1`;
      return [{ path: `M${left} ${y}${arc} ${right} ${y}${arc} ${left} ${y}Z`, width }];
    }
    case 'text':
      return [];
  }
}

function boxOf([x1 = 0, y1 = 0, x2 = x1, y2 = y1]: readonly number[]) {
  return {
    left: Math.min(x1, x2),
    top: Math.min(y1, y2),
    right: Math.max(x1, x2),
    bottom: Math.max(y1, y2),
  };
}

/** Curves through the middles between the points. A new line begins where the pressure changes. */
function pencilLines(points: readonly number[], width: number): readonly Line[] {
  const lines: { path: string; width: number }[] = [];
  const [x0 = 0, y0 = 0, pressure0 = 0.5] = points;
  let from = `${x0} ${y0}`;
  let step = stepOf(pressure0);
  // On a canvas, a browser does not show a line of length zero. So a single point is a very short line.
  const to = points.length > 3 ? from : `${rounded(x0 + 0.1)} ${y0}`;
  lines.push({ path: `M${from}L${to}`, width: widthOf(step, width) });
  for (let i = 3; i + 2 < points.length; i += 3) {
    const [x = 0, y = 0, pressure = 0.5] = points.slice(i, i + 3);
    const [beforeX = 0, beforeY = 0] = points.slice(i - 3, i - 1);
    const isLast = i + 5 >= points.length;
    const middle = isLast ? `${x} ${y}` : `${rounded((beforeX + x) / 2)} ${rounded((beforeY + y) / 2)}`;
    const curve = `Q${beforeX} ${beforeY} ${middle}`;
    const line = lines.at(-1);
    if (stepOf(pressure) === step && line) line.path += curve;
    else {
      step = stepOf(pressure);
      lines.push({ path: `M${from}${curve}`, width: widthOf(step, width) });
    }
    from = middle;
  }
  return lines;
}

function stepOf(pressure: number): number {
  return Math.round(Math.min(1, Math.max(0, pressure)) * pressureSteps);
}

/** A mouse has a pressure of 0.5, which gives the width itself. */
function widthOf(step: number, width: number): number {
  return rounded(width * (0.4 + (1.2 * step) / pressureSteps));
}

/** To a tenth of a unit. */
export function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}
