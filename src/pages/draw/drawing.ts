import { maxNumbers, parseId, type Shape } from './shape.ts';

/**
 * What a peer knows of each author's work, as a short text for each block of numbers (see `blockSize`). Two peers have the
 * same text only if they know the same.
 */
export type Summary = Readonly<Record<string, Readonly<Record<string, string>>>>;

/**
 * The shapes of an author whose numbers, divided by this, have the same quotient are one block. If two peers differ, the
 * shapes of that block are sent, and not all of the author: the server limits the bytes of what goes through it.
 */
const blockSize = 32;

/** A number above this does not raise the next one. */
const maxFollowed = 500_000_000;

/**
 * The drawing that all peers share. Merging is idempotent, and the order of merges does not matter. So two pages with
 * the same changes have the same drawing. A removed shape stays removed.
 */
export class Drawing {
  readonly #shapes = new Map<string, Shape>();
  readonly #removed = new Set<string>();
  #sorted: readonly Shape[] | undefined;
  #highest = 0;

  /** The shapes, the lowest first: the same order on every page. */
  get shapes(): readonly Shape[] {
    this.#sorted ??= [...this.#shapes.values()].sort(byId);
    return this.#sorted;
  }

  get removed(): readonly string[] {
    return [...this.#removed];
  }

  get(id: string): Shape | undefined {
    return this.#shapes.get(id);
  }

  /** An id for the author's next shape, which lies above all known shapes. */
  nextId(author: string): string {
    let n = this.#highest + 1;
    while (this.#shapes.has(`${author}:${n}`) || this.#removed.has(`${author}:${n}`)) n += 1;
    return `${author}:${n}`;
  }

  /** Takes a shape, unless it was removed, or is known in this version or a later one. Returns whether it did. */
  put(shape: Shape): boolean {
    const id = parseId(shape.id);
    if (!id || this.#removed.has(shape.id)) return false;
    const known = this.#shapes.get(shape.id);
    if (known && known.version >= shape.version) return false;
    // A peer cannot use up the numbers by a large one.
    if (id.n <= maxFollowed) this.#highest = Math.max(this.#highest, id.n);
    this.#shapes.set(shape.id, shape);
    this.#sorted = undefined;
    return true;
  }

  /**
   * Adds numbers to the points of a shape. `from` is how many it had before. Returns false if that changes nothing,
   * because the numbers are known, or because some numbers before them are missing.
   */
  extend(id: string, from: number, points: readonly number[]): boolean {
    const shape = this.#shapes.get(id);
    if (!shape || from > shape.points.length) return false;
    const added = points.slice(shape.points.length - from);
    if (added.length === 0) return false;
    if (shape.points.length + added.length > maxNumbers) return false;
    const all = [...shape.points, ...added];
    return this.put({ ...shape, points: all, version: all.length });
  }

  /** Removes shapes for good, known or not. Returns those that were not removed before. */
  remove(ids: readonly string[]): readonly string[] {
    const fresh = ids.filter((id) => parseId(id) && !this.#removed.has(id));
    for (const id of fresh) {
      const n = parseId(id)?.n ?? 0;
      if (n <= maxFollowed) this.#highest = Math.max(this.#highest, n);
      this.#removed.add(id);
      this.#shapes.delete(id);
    }
    if (fresh.length > 0) this.#sorted = undefined;
    return fresh;
  }

  /** Removes the last shape of these authors. Returns its id, or undefined if there is none. */
  undo(authors: ReadonlySet<string>): string | undefined {
    const last = this.shapes.findLast(({ id }) => authors.has(authorOf(id)));
    if (last) this.remove([last.id]);
    return last?.id;
  }

  /** Removes all known shapes. Shapes that others draw at the same time stay. Returns the removed ids. */
  clear(): readonly string[] {
    return this.remove([...this.#shapes.keys()]);
  }

  summary(): Summary {
    const sums = new Map<string, Map<number, number>>();
    // A sum, because it does not depend on the order in which a page learnt of the shapes.
    const add = (id: string, what: string) => {
      const { author, block } = placeOf(id);
      const blocks = sums.get(author) ?? new Map<number, number>();
      sums.set(author, blocks.set(block, ((blocks.get(block) ?? 0) + hashOf(`${id} ${what}`)) % 2 ** 48));
    };
    for (const { id, version } of this.#shapes.values()) add(id, `${version}`);
    for (const id of this.#removed) add(id, 'removed');
    const textsOf = (blocks: Map<number, number>) =>
      Object.fromEntries([...blocks].map(([block, sum]) => [block, sum.toString(36)]));
    return Object.fromEntries([...sums].map(([author, blocks]) => [author, textsOf(blocks)]));
  }

  /** The blocks of which a peer with this summary knows something else, of the authors that are wanted. */
  missing(
    theirs: Summary,
    isWanted: (author: string) => boolean,
  ): { readonly shapes: readonly Shape[]; readonly removed: readonly string[] } {
    const own = this.summary();
    const isMissing = (id: string) => {
      const { author, block } = placeOf(id);
      return isWanted(author) && theirs[author]?.[block] !== own[author]?.[block];
    };
    return {
      shapes: this.shapes.filter(({ id }) => isMissing(id)),
      removed: this.removed.filter(isMissing),
    };
  }
}

export function authorOf(id: string): string {
  return id.slice(0, id.lastIndexOf(':'));
}

/** Where in a summary the shape of this id is. */
function placeOf(id: string): { readonly author: string; readonly block: number } {
  const { author = '', n = 0 } = parseId(id) ?? {};
  return { author, block: Math.floor(n / blockSize) };
}

/** Two FNV-1a hashes of the text with different initial values, as one number below 2^48. */
function hashOf(text: string): number {
  let [one, other] = [0x811c9dc5, 0x050c5d1f];
  for (let i = 0; i < text.length; i++) {
    one = Math.imul(one ^ text.charCodeAt(i), 0x01000193);
    other = Math.imul(other ^ text.charCodeAt(i), 0x01000193);
  }
  return (one >>> 0) * 2 ** 16 + ((other >>> 0) % 2 ** 16);
}

function byId({ id: a }: Shape, { id: b }: Shape): number {
  const order = (parseId(a)?.n ?? 0) - (parseId(b)?.n ?? 0);
  return order === 0 ? (a < b ? -1 : 1) : order;
}
