import { board, maxTextCharacters } from './shape.ts';

/** Shows a text field on the board. Calls `done` with the text, unless it is empty or the user presses Escape. */
export function enterText(
  canvas: HTMLCanvasElement,
  place: { readonly x: number; readonly y: number; readonly size: number; readonly colour: string },
  done: (text: string) => void,
): void {
  const scale = canvas.clientWidth / board.width;
  const input = document.createElement('input');
  Object.assign(input, { id: 'entry', maxLength: maxTextCharacters, autocomplete: 'off' });
  input.setAttribute('aria-label', 'Text. Enter puts it on the board, Escape gives it up.');
  Object.assign(input.style, {
    left: `${canvas.offsetLeft + place.x * scale}px`,
    // The distance from the baseline to the upper edge.
    top: `${canvas.offsetTop + (place.y - place.size * 0.9) * scale}px`,
    fontSize: `${place.size * scale}px`,
    color: place.colour,
  });
  let over = false;
  const end = (keep: boolean) => {
    if (over) return;
    over = true;
    const text = input.value.trim();
    input.remove();
    if (keep && text !== '') done(text);
    canvas.focus({ preventScroll: true });
  };
  input.addEventListener('keydown', ({ key, isComposing }) => {
    if (key === 'Enter' && !isComposing) end(true);
    if (key === 'Escape') end(false);
  });
  input.addEventListener('blur', () => end(true));
  canvas.parentElement?.append(input);
  input.focus({ preventScroll: true });
}
