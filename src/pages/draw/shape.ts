/** The board's size, in its own units. Every page shows the whole board, at its own scale. */
export const board = { width: 1600, height: 1200 } as const;

export const kinds = ['pencil', 'rectangle', 'circle', 'text'] as const;
export type Kind = (typeof kinds)[number];

/** One thing on the board. Only its author changes it, and each change has a higher version. */
export interface Shape {
  /** `<author>:<n>`. `n` also orders the shapes: a higher one lies above. */
  readonly id: string;
  readonly kind: Kind;
  /** `#rrggbb`. */
  readonly colour: string;
  readonly width: number;
  /**
   * Of a pencil: x, y and pressure (0 to 1) of each point. Of a rectangle and a circle: x and y of two corners. Of a
   * text: x and y of its first baseline.
   */
  readonly points: readonly number[];
  readonly text: string;
  readonly version: number;
}

export const maxTextCharacters = 200;
/** The most numbers in the points of one shape. */
export const maxNumbers = 60_000;

/** The author and the number in a shape's id. Undefined if the text is no such id. */
export function parseId(id: unknown): { readonly author: string; readonly n: number } | undefined {
  const parts = typeof id === 'string' ? /^(.{1,128}):([1-9]\d{0,8})$/.exec(id) : null;
  return parts ? { author: String(parts[1]), n: Number(parts[2]) } : undefined;
}

export function isPoints(value: unknown): value is number[] {
  return Array.isArray(value) && value.length <= maxNumbers && value.every(Number.isFinite);
}

/** The shape that a peer has sent. Undefined if it is no shape: peers can send anything. */
export function readShape(value: unknown): Shape | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { id, kind, colour, width, points, text, version } = value as Partial<Record<keyof Shape, unknown>>;
  const fine =
    parseId(id) !== undefined &&
    kinds.includes(kind as Kind) &&
    typeof colour === 'string' &&
    /^#[0-9a-f]{6}$/.test(colour) &&
    typeof width === 'number' &&
    width >= 1 &&
    width <= 64 &&
    isPoints(points) &&
    typeof text === 'string' &&
    text.length <= maxTextCharacters &&
    Number.isSafeInteger(version);
  return fine ? ({ id, kind, colour, width, points, text, version } as Shape) : undefined;
}
