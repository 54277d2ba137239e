import { fontFamily, fontSizeOf, linesOf } from './geometry.ts';
import { board, type Shape } from './shape.ts';
import { paper } from './svg.ts';

interface Prepared {
  readonly path: Path2D;
  readonly width: number;
}

/** Shapes never change: a changed one is another object. */
const prepared = new WeakMap<Shape, readonly Prepared[]>();

/** Draws the shapes on a canvas, at the scale at which the whole board fills it. */
export function paint(canvas: HTMLCanvasElement, shapes: readonly Shape[]): void {
  const context = canvas.getContext('2d');
  if (!context) return;
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.fillStyle = paper;
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.scale(canvas.width / board.width, canvas.height / board.height);
  context.lineCap = context.lineJoin = 'round';
  for (const shape of shapes) paintShape(context, shape);
}

function paintShape(context: CanvasRenderingContext2D, shape: Shape): void {
  if (shape.kind === 'text') {
    const [x = 0, y = 0] = shape.points;
    context.fillStyle = shape.colour;
    context.font = `${fontSizeOf(shape)}px ${fontFamily}`;
    context.fillText(shape.text, x, y);
    return;
  }
  let lines = prepared.get(shape);
  if (!lines) {
    lines = linesOf(shape).map(({ path, width }) => ({ path: new Path2D(path), width }));
    prepared.set(shape, lines);
  }
  context.strokeStyle = shape.colour;
  for (const { path, width } of lines) {
    context.lineWidth = width;
    context.stroke(path);
  }
}

/** The board on the page. It is painted at most once a frame. */
export class Board {
  readonly canvas: HTMLCanvasElement;
  readonly #shapes: () => readonly Shape[];
  #frame = 0;

  constructor(canvas: HTMLCanvasElement, shapes: () => readonly Shape[]) {
    this.canvas = canvas;
    this.#shapes = shapes;
    new ResizeObserver(() => this.#resize()).observe(canvas);
  }

  /** Paints the board at the next frame. */
  update(): void {
    if (this.#frame !== 0) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      paint(this.canvas, this.#shapes());
    });
  }

  /** The place on the board under a place in the window. */
  at({ clientX, clientY }: { readonly clientX: number; readonly clientY: number }): [x: number, y: number] {
    const { left, top, width, height } = this.canvas.getBoundingClientRect();
    return [((clientX - left) / width) * board.width, ((clientY - top) / height) * board.height];
  }

  #resize(): void {
    const { clientWidth } = this.canvas;
    const width = Math.round(clientWidth * Math.min(devicePixelRatio, 2));
    if (width === 0 || width === this.canvas.width) return;
    this.canvas.width = width;
    this.canvas.height = Math.round((width * board.height) / board.width);
    // A canvas of another size is empty: painting it later would let it flicker.
    paint(this.canvas, this.#shapes());
  }
}
