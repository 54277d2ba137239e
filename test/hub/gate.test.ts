import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { Gate } from '../../src/hub/redis/gate.ts';
import { refusal } from './support.ts';

/** Work that is under way until it is told to end. */
function work(name: string, begun: string[]) {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const run = () => {
    begun.push(name);
    return promise;
  };
  return { run, end: () => resolve(name), fail: () => reject(new Error(name)) };
}

describe('a gate', () => {
  it('G8: lets so many through at a time, in order, whether those before succeed or fail', async () => {
    const gate = new Gate(2, 60_000);
    const begun: string[] = [];
    const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name) => work(name, begun));
    if (!a || !b || !c || !d) expect.fail();
    const results = [a, b, c, d].map(({ run }) => gate.through(run));
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
    const [e, f, g] = ['e', 'f', 'g'].map((name) => work(name, begun));
    for (const { run } of [e, f, g].flatMap((each) => each ?? [])) void gate.through(run);
    await nextTurn();
    expect(begun.slice(4), 'and again as many').toEqual(['e', 'f']);
  });

  it('G10: keeps nobody waiting for long, nor a place for who has given up', async () => {
    const gate = new Gate(1, 20);
    const begun: string[] = [];
    const [a, b, c] = ['a', 'b', 'c'].map((name) => work(name, begun));
    if (!a || !b || !c) expect.fail();
    const first = gate.through(a.run);
    await expect(gate.through(b.run)).rejects.toEqual(refusal('UNAVAILABLE'));
    a.end();
    await first;
    const last = gate.through(c.run);
    c.end();
    expect(await last).toBe('c');
    expect(begun).toEqual(['a', 'c']);
  });
});
