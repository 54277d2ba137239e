import { board } from './shape.ts';

/** How long a pointer that does not move is shown, in milliseconds. */
const restMs = 10_000;

interface Cursor {
  readonly element: HTMLElement;
  readonly label: HTMLElement;
  timer: ReturnType<typeof setTimeout> | undefined;
}

/** The pointers of the others, with their names. */
export class Cursors {
  readonly #layer: HTMLElement;
  readonly #canvas: HTMLCanvasElement;
  readonly #cursors = new Map<string, Cursor>();

  constructor(layer: HTMLElement, canvas: HTMLCanvasElement) {
    this.#layer = layer;
    this.#canvas = canvas;
  }

  show(id: string, name: string, colour: string, [x, y]: readonly [x: number, y: number]): void {
    const cursor = this.#cursors.get(id) ?? this.#make(id);
    cursor.element.style.setProperty('--swatch', colour);
    const { offsetLeft, offsetTop, clientWidth } = this.#canvas;
    const scale = clientWidth / board.width;
    cursor.label.textContent = name;
    cursor.element.style.transform = `translate(${offsetLeft + x * scale}px, ${offsetTop + y * scale}px)`;
    clearTimeout(cursor.timer);
    cursor.timer = setTimeout(() => this.hide(id), restMs);
  }

  hide(id: string): void {
    const cursor = this.#cursors.get(id);
    clearTimeout(cursor?.timer);
    cursor?.element.remove();
    this.#cursors.delete(id);
  }

  #make(id: string): Cursor {
    const element = document.createElement('div');
    element.className = 'cursor';
    const bubble = document.createElement('span');
    const label = document.createElement('b');
    bubble.append(label);
    element.append(bubble);
    this.#layer.append(element);
    const cursor = { element, label, timer: undefined };
    this.#cursors.set(id, cursor);
    return cursor;
  }
}
