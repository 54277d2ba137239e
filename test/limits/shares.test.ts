import { describe, expect, it } from 'vitest';
import { BytePool } from '../../src/limits/byte-pool.ts';
import { Shares } from '../../src/limits/shares.ts';

describe('shares', () => {
  it('know who has most, whatever comes and goes', () => {
    const shares = new Shares<number>();
    const model = new Map<string, number[]>();
    let seed = 1;
    const random = (below: number) => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed % below;
    };
    for (let n = 0; n < 5000; n++) {
      const key = `key ${random(6)}`;
      const items = model.get(key) ?? [];
      model.set(key, items);
      // The number of items swings, so that every key is sometimes empty.
      if (random(200) < (n % 400 < 200 ? 120 : 70)) {
        shares.add(key, n);
        items.push(n);
      } else if (items.length > 0) {
        const [item = -1] = items.splice(random(items.length), 1);
        expect(shares.delete(key, item)).toBe(true);
        expect(shares.delete(key, item)).toBe(false);
      }
      const most = Math.max(...[...model.values()].map(({ length }) => length));
      expect(shares.count(key)).toBe(items.length);
      expect([...shares.of(key)]).toEqual(items);
      expect(shares.greediest === undefined ? 0 : model.get(shares.greediest)?.length).toBe(most);
      expect(shares.size).toBe([...model.values()].flat().length);
    }
  });
});

describe('a byte pool', () => {
  function pool(maxBytes: number, maxBytesPerKey: number) {
    const bytes = new BytePool({ maxBytes, maxBytesPerKey });
    const dropped: string[] = [];
    const hold = (key: string, name: string) => bytes.hold(key, () => dropped.push(name));
    return { hold, dropped };
  }

  it('G13: a key that takes more than its share loses its oldest holding', () => {
    const { hold, dropped } = pool(1000, 100);
    const [first, second] = [hold('a', 'first'), hold('a', 'second')];
    expect(first.grow(60)).toBe(true);
    expect(second.grow(60)).toBe(true);
    expect(dropped).toEqual(['first']);
  });

  it('G13: at the bound, the key that holds most makes room, and not the one that comes', () => {
    const { hold, dropped } = pool(100, 90);
    const greedy = [hold('a', 'a1'), hold('a', 'a2')];
    for (const holding of greedy) expect(holding.grow(40)).toBe(true);
    expect(hold('b', 'b1').grow(30)).toBe(true);
    expect(dropped).toEqual(['a1']);
    expect(hold('b', 'b2').grow(40)).toBe(true);
    expect(dropped, 'now `b` holds most').toEqual(['a1', 'b1']);
  });

  it('G8: what is kept is not dropped, and what finds no room is not granted', () => {
    const { hold, dropped } = pool(100, 100);
    const kept = hold('a', 'kept');
    expect(kept.grow(80)).toBe(true);
    kept.keep();
    const late = hold('a', 'late');
    expect(late.grow(30)).toBe(false);
    expect(dropped).toEqual([]);
    kept.release();
    kept.release();
    expect(late.grow(100)).toBe(true);
  });
});
