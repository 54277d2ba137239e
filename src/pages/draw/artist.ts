import type { Exchange } from './exchange.ts';
import { rounded } from './geometry.ts';
import type { Shape } from './shape.ts';
import type { Tools } from './tools.ts';

/** Turns the movements of the pen into shapes of this page, and tells the others. */
export class Artist {
  readonly #exchange: Exchange;
  readonly #tools: Tools;
  readonly #changed: () => void;
  readonly #waitMs: () => number;
  /** The shape that is being drawn, and how many numbers of its points were sent. */
  #id: string | undefined;
  #sent = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `waitMs` tells how often a stroke that is being drawn is sent, in milliseconds. */
  constructor(exchange: Exchange, tools: Tools, changed: () => void, waitMs: () => number) {
    this.#exchange = exchange;
    this.#tools = tools;
    this.#changed = changed;
    this.#waitMs = waitMs;
  }

  begin(author: string, x: number, y: number, pressure: number): void {
    const { kind } = this.#tools;
    const points = kind === 'pencil' ? [x, y, pressure] : [x, y, x, y];
    this.#id = this.#put(author, points, '').id;
    this.#sent = points.length;
  }

  move(x: number, y: number, pressure: number): void {
    const shape = this.#shape();
    if (!shape) return;
    const { drawing } = this.#exchange;
    const { id, kind, points, version } = shape;
    if (kind === 'pencil') {
      const [lastX = 0, lastY = 0] = points.slice(-3);
      if (Math.hypot(x - lastX, y - lastY) < 1) return;
      drawing.extend(id, points.length, [x, y, pressure]);
    } else {
      const [startX = 0, startY = 0] = points;
      drawing.put({ ...shape, points: [startX, startY, x, y], version: version + 1 });
    }
    this.#changed();
    this.#timer ??= setTimeout(() => this.#send(), this.#waitMs());
  }

  end(): void {
    const shape = this.#shape();
    if (shape && shape.kind !== 'pencil') {
      // A press without a movement leaves a shape that nobody can see.
      const [x1, y1, x2, y2] = shape.points;
      if (x1 === x2 && y1 === y2) this.remove([shape.id]);
    }
    if (this.#timer) this.#send();
    this.#id = undefined;
  }

  write(author: string, x: number, y: number, text: string): void {
    this.#put(author, [x, y], text);
  }

  undo(authors: ReadonlySet<string>): void {
    this.end();
    const id = this.#exchange.drawing.undo(authors);
    if (id !== undefined) this.#tellRemoved([id]);
  }

  clear(): void {
    this.end();
    this.#tellRemoved(this.#exchange.drawing.clear());
  }

  remove(ids: readonly string[]): void {
    this.#tellRemoved(this.#exchange.drawing.remove(ids));
  }

  #put(author: string, points: readonly number[], text: string): Shape {
    const { kind, colour, width } = this.#tools;
    const id = this.#exchange.drawing.nextId(author);
    const shape: Shape = {
      id,
      kind,
      colour,
      width,
      points: points.map(pressureKept),
      text,
      version: points.length,
    };
    this.#exchange.drawing.put(shape);
    this.#exchange.tell({ type: 'shapes', shapes: [shape], removed: [] });
    this.#changed();
    return shape;
  }

  #shape(): Shape | undefined {
    return this.#id === undefined ? undefined : this.#exchange.drawing.get(this.#id);
  }

  #send(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const shape = this.#shape();
    if (!shape) return;
    if (shape.kind === 'pencil') {
      const points = shape.points.slice(this.#sent);
      this.#exchange.tell({ type: 'points', id: shape.id, from: this.#sent, points });
      this.#sent = shape.points.length;
    } else {
      this.#exchange.tell({ type: 'shapes', shapes: [shape], removed: [] });
    }
  }

  #tellRemoved(removed: readonly string[]): void {
    if (removed.length > 0) this.#exchange.tell({ type: 'shapes', shapes: [], removed });
    this.#changed();
  }
}

/** Places have one digit after the point, and pressures, which are at most 1, have two. */
function pressureKept(value: number): number {
  return value <= 1 ? value : rounded(value);
}
