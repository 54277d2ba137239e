import type { Drawing } from './drawing.ts';
import { readShape } from './shape.ts';

const keyOf = (room: string) => `signalbox.drawing.${room}`;

/** Keeps the drawing over a reload of this tab. Otherwise a user who is alone in the room would lose it. */
export function keepDrawing(room: string, { shapes, removed }: Drawing): void {
  try {
    sessionStorage.setItem(keyOf(room), JSON.stringify({ shapes, removed }));
  } catch {
    // The drawing is too large, or the browser forbids pages to store anything. Other pages may still have the drawing.
  }
}

export function restoreDrawing(room: string, drawing: Drawing): void {
  try {
    const { shapes, removed } = JSON.parse(sessionStorage.getItem(keyOf(room)) ?? '') as Record<
      string,
      unknown[]
    >;
    drawing.remove((removed ?? []).filter((id) => typeof id === 'string'));
    for (const value of shapes ?? []) {
      const shape = readShape(value);
      if (shape) drawing.put(shape);
    }
  } catch {
    // There is no drawing.
  }
}
