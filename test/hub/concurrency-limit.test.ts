import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { ConcurrencyLimit } from '../../src/hub/redis/scripts/concurrency-limit.ts';
import { refusal } from './support.ts';

/** A task that runs until `end` or `fail` is called. */
function task(name: string, begun: string[]) {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const run = () => {
    begun.push(name);
    return promise;
  };
  return { run, end: () => resolve(name), fail: () => reject(new Error(name)) };
}

describe('ConcurrencyLimit', () => {
  it('G8: a limit of two runs two tasks at a time, in order, whether earlier tasks succeed or fail', async () => {
    const limit = new ConcurrencyLimit(2, 60_000);
    const begun: string[] = [];
    const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name) => task(name, begun));
    if (!a || !b || !c || !d) expect.fail();
    const results = [a, b, c, d].map(({ run }) => limit.through(run));
    await nextTurn();
    expect(begun).toEqual(['a', 'b']);
    b.fail();
    await expect(results[1]).rejects.toThrow('b');
    await nextTurn();
    expect(begun).toEqual(['a', 'b', 'c']);
    a.end();
    await nextTurn();
    expect(begun).toEqual(['a', 'b', 'c', 'd']);
    c.end();
    d.end();
    expect(await Promise.all([results[0], results[2], results[3]])).toEqual(['a', 'c', 'd']);
    const [e, f, g] = ['e', 'f', 'g'].map((name) => task(name, begun));
    for (const { run } of [e, f, g].flatMap((each) => each ?? [])) void limit.through(run);
    await nextTurn();
    expect(begun.slice(4), 'the limit still holds').toEqual(['e', 'f']);
  });

  it('G10: a task that waits too long is refused, and does not use a place later', async () => {
    const limit = new ConcurrencyLimit(1, 20);
    const begun: string[] = [];
    const [a, b, c] = ['a', 'b', 'c'].map((name) => task(name, begun));
    if (!a || !b || !c) expect.fail();
    const first = limit.through(a.run);
    await expect(limit.through(b.run)).rejects.toEqual(refusal('UNAVAILABLE'));
    a.end();
    await first;
    const last = limit.through(c.run);
    c.end();
    expect(await last).toBe('c');
    expect(begun).toEqual(['a', 'c']);
  });
});
