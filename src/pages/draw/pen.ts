import type { Board } from './canvas.ts';
import { rounded } from './geometry.ts';
import { board as size } from './shape.ts';

export interface PenEvents {
  down(x: number, y: number, pressure: number): void;
  move(x: number, y: number, pressure: number): void;
  up(): void;
  /** The pointer is over this place, or has left the board. */
  hover(at: readonly [x: number, y: number] | null): void;
}

/** How far an arrow key moves the pen, in units of the board. With Shift, it moves a tenth of that. */
const keyStep = 20;
const arrows: Readonly<Record<string, readonly [x: number, y: number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/** Mouse, finger, stylus and keyboard as one pen. A second finger does not draw. */
export class Pen {
  readonly #board: Board;
  readonly #events: PenEvents;
  #pointer: number | undefined;
  /** Where the keyboard's pen is, and whether it is down. */
  #at: [x: number, y: number] = [size.width / 2, size.height / 2];
  #keyDown = false;

  constructor(board: Board, events: PenEvents) {
    this.#board = board;
    this.#events = events;
    const { canvas } = board;
    canvas.addEventListener('pointerdown', (event) => this.#down(event));
    canvas.addEventListener('pointermove', (event) => this.#move(event));
    canvas.addEventListener('pointerup', (event) => this.#up(event));
    canvas.addEventListener('pointercancel', (event) => this.#up(event));
    canvas.addEventListener('pointerleave', () => events.hover(null));
    canvas.addEventListener('keydown', (event) => this.#key(event));
    canvas.addEventListener('blur', () => this.#lift());
  }

  #down(event: PointerEvent): void {
    if (this.#pointer !== undefined || event.button !== 0) return;
    this.#lift();
    this.#pointer = event.pointerId;
    this.#board.canvas.setPointerCapture(event.pointerId);
    this.#events.down(...this.#pointOf(event));
  }

  #move(event: PointerEvent): void {
    if (this.#pointer === undefined || event.pointerId === this.#pointer)
      this.#events.hover(this.#placeOf(event));
    if (event.pointerId !== this.#pointer) return;
    // The points between two frames, if the browser gives them.
    const points = event.getCoalescedEvents?.() ?? [];
    for (const point of points.length > 0 ? points : [event]) this.#events.move(...this.#pointOf(point));
  }

  #up(event: PointerEvent): void {
    if (event.pointerId !== this.#pointer) return;
    this.#pointer = undefined;
    this.#events.up();
    if (event.pointerType !== 'mouse') this.#events.hover(null);
  }

  #placeOf(event: PointerEvent): [x: number, y: number] {
    const [x, y] = this.#board.at(event);
    return [rounded(x), rounded(y)];
  }

  #pointOf(event: PointerEvent): [x: number, y: number, pressure: number] {
    // A mouse has 0.5. A finger on most screens has 0 or 1, which says nothing.
    const { pressure, pointerType } = event;
    const known = pointerType === 'pen' || (pressure > 0 && pressure < 1);
    return [...this.#placeOf(event), known ? Math.round(pressure * 100) / 100 : 0.5];
  }

  #key(event: KeyboardEvent): void {
    const arrow = arrows[event.key];
    if (arrow) {
      const step = event.shiftKey ? keyStep / 10 : keyStep;
      const [x, y] = this.#at;
      this.#at = [
        Math.min(size.width, Math.max(0, x + arrow[0] * step)),
        Math.min(size.height, Math.max(0, y + arrow[1] * step)),
      ];
      if (this.#keyDown) this.#events.move(...this.#at, 0.5);
    } else if (event.key === ' ' || event.key === 'Enter') {
      if (this.#keyDown) this.#lift();
      else {
        this.#keyDown = true;
        this.#events.down(...this.#at, 0.5);
      }
    } else if (event.key === 'Escape') this.#lift();
    else return;
    event.preventDefault();
    this.#events.hover(this.#at);
  }

  #lift(): void {
    if (!this.#keyDown) return;
    this.#keyDown = false;
    this.#events.up();
  }
}
