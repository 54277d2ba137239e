import { colours } from './colours.ts';
import { find } from './find.ts';
import type { Kind } from './shape.ts';

const keys: Readonly<Record<string, Kind>> = { p: 'pencil', r: 'rectangle', c: 'circle', t: 'text' };

export interface ToolEvents {
  undo(): void;
  clear(): void;
}

/** The toolbar and its keys. */
export class Tools {
  readonly #board = find('board');
  readonly #width = find<HTMLInputElement>('width');
  readonly #sample = find('width-sample');
  #colour: string = colours[0][0];

  constructor({ undo, clear }: ToolEvents) {
    const swatches = find('colours');
    for (const [colour, name] of colours) swatches.append(this.#swatch(colour, name));
    find('kinds').addEventListener('change', () => this.#show());
    this.#width.addEventListener('input', () => this.#show());
    find('undo').addEventListener('click', undo);
    find('clear').addEventListener('click', clear);
    document.addEventListener('keydown', (event) => this.#press(event, undo));
    this.#show();
  }

  get kind(): Kind {
    return document.querySelector<HTMLInputElement>('[name=kind]:checked')?.value as Kind;
  }

  get colour(): string {
    return this.#colour;
  }

  get width(): number {
    return this.#width.valueAsNumber;
  }

  #swatch(colour: string, name: string): HTMLElement {
    const label = document.createElement('label');
    label.title = name;
    label.style.setProperty('--swatch', colour);
    const input = document.createElement('input');
    Object.assign(input, { type: 'radio', name: 'colour', checked: colour === this.#colour });
    input.setAttribute('aria-label', name);
    input.addEventListener('change', () => {
      this.#colour = colour;
      this.#show();
    });
    label.append(input);
    return label;
  }

  #press(event: KeyboardEvent, undo: () => void): void {
    const { key, target } = event;
    if (target instanceof HTMLInputElement && !['radio', 'range'].includes(target.type)) return;
    if ((event.ctrlKey || event.metaKey) && key.toLowerCase() === 'z' && !event.shiftKey) {
      event.preventDefault();
      undo();
    }
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const kind = keys[key.toLowerCase()];
    if (kind) {
      const radio = document.querySelector<HTMLInputElement>(`[name=kind][value=${kind}]`);
      if (radio) radio.checked = true;
    } else if (key === '[' || key === ']') {
      this.#width.valueAsNumber += key === '[' ? -2 : 2;
    } else return;
    this.#show();
  }

  #show(): void {
    this.#board.dataset.kind = this.kind;
    this.#sample.style.setProperty('--size', `${this.width}px`);
    this.#sample.style.setProperty('--swatch', this.colour);
  }
}
