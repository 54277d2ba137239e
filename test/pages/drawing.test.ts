import { describe, expect, it } from 'vitest';
import { Drawing } from '../../src/pages/draw/drawing.ts';
import { Exchange, type Message, type Partner } from '../../src/pages/draw/exchange.ts';
import { linesOf } from '../../src/pages/draw/geometry.ts';
import { readShape, type Shape } from '../../src/pages/draw/shape.ts';
import { toSvg } from '../../src/pages/draw/svg.ts';

function shape(id: string, more: Partial<Shape> = {}): Shape {
  const points = [10, 10, 0.5, 20, 20, 0.5];
  return {
    id,
    kind: 'pencil',
    colour: '#e03131',
    width: 8,
    points,
    text: '',
    version: points.length,
    ...more,
  };
}

const idsOf = ({ shapes }: Drawing) => shapes.map(({ id }) => id);

describe('a drawing', () => {
  it('has a next id for its author, whatever numbers other peers have used', () => {
    const drawing = new Drawing();
    for (const id of ['evil:999999999', 'ada:500000001', 'ada:500000000']) drawing.put(shape(id));
    const mine = drawing.nextId('ada');
    expect(drawing.put(shape(mine))).toBe(true);
  });

  it('is the same in whichever order and how often its changes come', () => {
    const changes: ((drawing: Drawing) => unknown)[] = [
      (drawing) => drawing.put(shape('ada:1')),
      (drawing) => drawing.put(shape('ben:2', { kind: 'circle', version: 4 })),
      (drawing) => drawing.put(shape('ben:2', { kind: 'circle', version: 9, points: [1, 2, 3, 4] })),
      (drawing) => drawing.put(shape('cas:3')),
      (drawing) => drawing.remove(['cas:3', 'cas:4']),
      (drawing) => drawing.put(shape('cas:4')),
    ];
    const expected = new Drawing();
    for (const change of changes) change(expected);
    for (let turn = 0; turn < 20; turn++) {
      const drawing = new Drawing();
      const shuffled = [...changes, ...changes].sort(() => Math.random() - 0.5);
      for (const change of shuffled) change(drawing);
      expect(drawing.shapes).toEqual(expected.shapes);
      expect(drawing.summary()).toEqual(expected.summary());
    }
    expect(idsOf(expected)).toEqual(['ada:1', 'ben:2']);
  });

  it('takes no more points for a shape than a shape may have', () => {
    const drawing = new Drawing();
    drawing.put(shape('ada:1', { points: Array(59_999).fill(1), version: 59_999 }));
    expect(drawing.extend('ada:1', 59_999, [1, 2])).toBe(false);
    expect(drawing.extend('ada:1', 59_999, [1])).toBe(true);
    expect(drawing.extend('ada:1', 60_000, [1])).toBe(false);
    expect(drawing.shapes[0]?.points).toHaveLength(60_000);
  });

  it('puts a new shape above all that are known', () => {
    const drawing = new Drawing();
    expect(drawing.nextId('ada')).toBe('ada:1');
    drawing.put(shape('ben:7'));
    expect(drawing.nextId('ada')).toBe('ada:8');
    drawing.put(shape('ada:8'));
    drawing.put(shape('ben:8'));
    expect(idsOf(drawing)).toEqual(['ben:7', 'ada:8', 'ben:8']);
  });

  it('grows a stroke by points, each once', () => {
    const drawing = new Drawing();
    drawing.put(shape('ada:1', { points: [0, 0, 0.5], version: 3 }));
    expect(drawing.extend('ada:1', 3, [1, 1, 0.5])).toBe(true);
    expect(drawing.extend('ada:1', 3, [1, 1, 0.5])).toBe(false);
    expect(drawing.extend('ada:1', 3, [1, 1, 0.5, 2, 2, 0.5])).toBe(true);
    expect(drawing.extend('ada:1', 12, [4, 4, 0.5]), 'a point is missing').toBe(false);
    expect(drawing.get('ada:1')?.points).toEqual([0, 0, 0.5, 1, 1, 0.5, 2, 2, 0.5]);
  });

  it('undoes the last shape of its author only, and clears all that is known', () => {
    const drawing = new Drawing();
    for (const id of ['ada:1', 'ben:2', 'ada:3', 'ben:4']) drawing.put(shape(id));
    expect(drawing.undo(new Set(['ada']))).toBe('ada:3');
    expect(drawing.undo(new Set(['ada']))).toBe('ada:1');
    expect(drawing.undo(new Set(['ada']))).toBeUndefined();
    expect(drawing.put(shape('ada:3')), 'what is undone stays so').toBe(false);
    expect(drawing.clear()).toEqual(['ben:2', 'ben:4']);
    expect(drawing.shapes).toEqual([]);
    expect(drawing.nextId('ada')).toBe('ada:5');
  });

  it('becomes an SVG file in which a text is only a text', () => {
    const svg = toSvg([shape('ada:1'), shape('ada:2', { kind: 'text', text: '<script>&\u0001' })]);
    expect(svg).toContain('<path d="M10 10L10 10Q10 10 20 20" stroke-width="8"/>');
    expect(svg).toContain('>&lt;script&gt;&amp;</text>');
  });
});

it('a stroke is thicker where the pressure is higher', () => {
  const widths = linesOf(shape('ada:1', { points: [0, 0, 0.1, 9, 9, 0.1, 20, 20, 0.9] })).map(
    ({ width }) => width,
  );
  expect(widths[0]).toBeLessThan(8);
  expect(widths.at(-1)).toBeGreaterThan(8);
});

it('what is no shape is not taken for one', () => {
  expect(readShape(shape('ada:1'))).toEqual(shape('ada:1'));
  for (const wrong of [
    null,
    'ada:1',
    { ...shape('ada') },
    { ...shape('ada:1'), colour: 'red"/><script>' },
    { ...shape('ada:1'), points: [1, '2'] },
    { ...shape('ada:1'), width: 1e9 },
    { ...shape('ada:1'), kind: 'video' },
  ]) {
    expect(readShape(wrong)).toBeUndefined();
  }
});

/** Pages in one room. Messages arrive when `settle` delivers them. */
class Pages {
  readonly #exchanges = new Map<string, Exchange>();
  readonly #partners = new Map<string, Partner>();
  readonly #queue: (() => void)[] = [];
  /** Whether pages can reach one another now. */
  areReachable = true;
  /** How many shapes each page was sent. */
  readonly sent = new Map<string, number>();

  enter(name: string): Exchange {
    const exchange = new Exchange({ changed() {}, moved() {} }, (author) => author === name);
    const others = [...this.#exchanges.keys()];
    this.#exchanges.set(name, exchange);
    for (const other of others) this.#link(other, name, false);
    for (const other of others) this.#link(name, other, true);
    return exchange;
  }

  leave(name: string): void {
    this.#exchanges.delete(name);
    for (const [other, exchange] of this.#exchanges) {
      const partner = this.#partners.get(`${other}>${name}`);
      if (partner) exchange.part(partner);
    }
  }

  settle(): void {
    for (let deliver = this.#queue.shift(); deliver; deliver = this.#queue.shift()) deliver();
  }

  /** A page finds another path to all others. */
  findPaths(name: string): void {
    for (const other of this.#exchanges.keys()) {
      const partner = this.#partners.get(`${name}>${other}`);
      if (partner) this.#exchanges.get(name)?.catchUp(partner);
    }
  }

  #link(from: string, to: string, wasHere: boolean): void {
    const partner: Partner = {
      id: to,
      wasHere,
      reachable: () => this.areReachable,
      send: (message: Message) => {
        this.#queue.push(() => {
          const back = this.#partners.get(`${to}>${from}`);
          if (message.type === 'shapes') this.sent.set(to, (this.sent.get(to) ?? 0) + message.shapes.length);
          if (back) this.#exchanges.get(to)?.receive(back, JSON.parse(JSON.stringify(message)));
        });
      },
    };
    this.#partners.set(`${from}>${to}`, partner);
    this.#exchanges.get(from)?.meet(partner);
  }
}

describe('pages that exchange drawings', () => {
  function draw(exchange: Exchange, id: string): void {
    exchange.drawing.put(shape(id));
    exchange.tell({ type: 'shapes', shapes: [shape(id)], removed: [] });
  }

  it('a newcomer gets each shape once, also those of authors who have left', () => {
    const pages = new Pages();
    const ada = pages.enter('ada');
    const ben = pages.enter('ben');
    const cas = pages.enter('cas');
    draw(ada, 'ada:1');
    draw(ben, 'ben:2');
    draw(cas, 'cas:3');
    pages.settle();
    pages.leave('ada');
    ben.drawing.undo(new Set(['ben']));
    ben.tell({ type: 'shapes', shapes: [], removed: ['ben:2'] });
    pages.settle();
    const dan = pages.enter('dan');
    pages.settle();
    expect(idsOf(dan.drawing)).toEqual(['ada:1', 'cas:3']);
    expect(dan.drawing.removed).toEqual(['ben:2']);
    expect(pages.sent.get('dan')).toBe(2);
    dan.refresh();
    pages.settle();
    expect(pages.sent.get('dan'), 'there was nothing to make up for').toBe(2);
  });

  it('what did not reach a page is made up for by a refresh, on either side', () => {
    const pages = new Pages();
    const ada = pages.enter('ada');
    const ben = pages.enter('ben');
    pages.settle();
    ada.drawing.put(shape('ada:1'));
    ben.drawing.put(shape('ben:1'));
    ben.drawing.put(shape('gone:2'));
    ada.refresh();
    pages.settle();
    for (const { drawing } of [ada, ben]) expect(idsOf(drawing)).toEqual(['ada:1', 'ben:1', 'gone:2']);
  });

  it('a page that lacks one of a thousand shapes is sent few others with it', () => {
    const pages = new Pages();
    const ada = pages.enter('ada');
    for (let n = 1; n <= 1000; n++) ada.drawing.put(shape(`ada:${n}`));
    const ben = pages.enter('ben');
    pages.settle();
    expect(pages.sent.get('ben')).toBe(1000);
    ada.drawing.put(shape('ada:1001'));
    ada.drawing.remove(['ada:500']);
    ben.refresh();
    pages.settle();
    expect(ben.drawing.shapes).toEqual(ada.drawing.shapes);
    expect(pages.sent.get('ben')).toBeLessThan(1100);
  });

  it('what was drawn while there was no path arrives once there is one', () => {
    const pages = new Pages();
    const ada = pages.enter('ada');
    const ben = pages.enter('ben');
    pages.settle();
    pages.areReachable = false;
    draw(ada, 'ada:1');
    draw(ben, 'ben:2');
    pages.findPaths('ada');
    pages.settle();
    expect(idsOf(ada.drawing)).toEqual(['ada:1']);
    pages.areReachable = true;
    pages.findPaths('ada');
    pages.settle();
    for (const { drawing } of [ada, ben]) expect(idsOf(drawing)).toEqual(['ada:1', 'ben:2']);
    pages.findPaths('ada');
    pages.settle();
    expect(pages.sent.get('ben'), 'there was nothing more to make up for').toBe(1);
  });

  it('two pages that know different parts of the shapes of somebody who has left give one another what is missing', () => {
    const pages = new Pages();
    const ada = pages.enter('ada');
    const ben = pages.enter('ben');
    pages.settle();
    const short = { points: [0, 0, 0.5], version: 3 };
    for (const change of [shape('gone:1'), shape('gone:2', short)]) ada.drawing.put(change);
    for (const change of [shape('gone:1', short), shape('gone:2')]) ben.drawing.put(change);
    ada.drawing.remove(['gone:3']);
    ben.drawing.remove(['gone:4']);
    ada.refresh();
    pages.settle();
    for (const { drawing } of [ada, ben]) {
      expect(drawing.shapes).toEqual([shape('gone:1'), shape('gone:2')]);
      expect(new Set(drawing.removed)).toEqual(new Set(['gone:3', 'gone:4']));
    }
  });

  it('nonsense from a peer is ignored', () => {
    const exchange = new Exchange({ changed() {}, moved() {} }, () => false);
    const partner: Partner = { id: 'eve', wasHere: true, reachable: () => true, send() {} };
    const wrong = [null, 1, {}, { type: 'shapes' }, { type: 'have' }, { type: 'cursor', at: 'x' }];
    for (const value of [...wrong, { type: 'points', id: 'a:1', from: -1, points: ['x'] }]) {
      expect(() => exchange.receive(partner, value)).not.toThrow();
    }
    expect(exchange.drawing.shapes).toEqual([]);
  });
});
