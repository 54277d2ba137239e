import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { FairQueue } from '../../src/limits/fair-queue.ts';

/** Work that ends when it is told to; `order` has the names in which work began. */
function stage(options: Partial<ConstructorParameters<typeof FairQueue>[0]> = {}) {
  const queue = new FairQueue({ maxRunning: 2, maxRunningPerKey: 1, waitTimeoutMs: 60_000, ...options });
  const order: string[] = [];
  const begin = (key: string, name: string) => {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const done = queue.run(key, () => {
      order.push(name);
      return promise;
    });
    done.catch(() => undefined);
    return { done, end: () => resolve(name), fail: () => reject(new Error(name)) };
  };
  return { order, begin };
}

describe('a fair queue', () => {
  it('G13: a key with much waiting work does not delay the work of another key', async () => {
    const { order, begin } = stage();
    const greedy = Array.from({ length: 5 }, (_, n) => begin('greedy', `greedy ${n}`));
    begin('other', 'other');
    await turn();
    expect(order, 'one place is left for the other key').toEqual(['greedy 0', 'other']);
    greedy[0]?.end();
    await greedy[0]?.done;
    await turn();
    expect(order).toEqual(['greedy 0', 'other', 'greedy 1']);
  });

  it('G13: keys that wait take turns, and one key keeps the order of arrival', async () => {
    const { order, begin } = stage({ maxRunning: 1 });
    const all = [begin('a', 'a1'), begin('a', 'a2'), begin('a', 'a3'), begin('b', 'b1'), begin('b', 'b2')];
    const byName = new Map(['a1', 'a2', 'a3', 'b1', 'b2'].map((name, n) => [name, all[n]]));
    for (let n = 0; n < all.length; n++) {
      await turn();
      byName.get(order[n] ?? '')?.end();
      await turn();
    }
    expect(order).toEqual(['a1', 'a2', 'b1', 'a3', 'b2']);
  });

  it('work that fails gives its place to the next', async () => {
    const { order, begin } = stage({ maxRunning: 1 });
    const first = begin('a', 'first');
    begin('a', 'second');
    first.fail();
    await expect(first.done).rejects.toThrow('first');
    await turn();
    expect(order).toEqual(['first', 'second']);
  });

  it('work waits longer than the timeout while its line moves', async () => {
    const { order, begin } = stage({ maxRunning: 1, waitTimeoutMs: 60, maxWaitMs: 60_000 });
    const all = Array.from({ length: 6 }, (_, n) => begin('a', `${n}`));
    for (const { done, end } of all) {
      await sleep(30);
      end();
      await done;
    }
    expect(order).toEqual(['0', '1', '2', '3', '4', '5']);
  });

  it('G8: work beyond the bound of what may wait is refused at once', async () => {
    const { begin } = stage({ maxRunning: 1, maxWaitingPerKey: 1 });
    begin('a', 'runs');
    begin('a', 'waits');
    await expect(begin('a', 'refused').done).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    begin('b', 'waits too');
  });

  it('G10: work whose turn does not come in time is refused with UNAVAILABLE, and never begins', async () => {
    const { order, begin } = stage({ waitTimeoutMs: 10 });
    const first = begin('a', 'first');
    const late = begin('a', 'late');
    await expect(late.done).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    first.end();
    await first.done;
    await turn();
    expect(order).toEqual(['first']);
  });
});
