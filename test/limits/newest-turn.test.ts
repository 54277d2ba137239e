import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { NewestTurn } from '../../src/limits/newest-turn.ts';
import { refusal } from '../hub/support.ts';

function work(name: string, begun: string[]) {
  const { promise, resolve } = Promise.withResolvers<string>();
  const run = () => {
    begun.push(name);
    return promise;
  };
  return { run, end: () => resolve(name) };
}

it('G13: of the work for one key, one runs and only the newest waits; other keys go on', async () => {
  const turns = new NewestTurn(60_000);
  const begun: string[] = [];
  const [a, b, c, other] = [work('a', begun), work('b', begun), work('c', begun), work('other', begun)];
  const first = turns.run('ann', a.run);
  const second = turns.run('ann', b.run);
  const third = turns.run('ann', c.run);
  await expect(second).rejects.toEqual(refusal('REPLACED'));
  void turns.run('ben', other.run);
  await nextTurn();
  expect(begun).toEqual(['a', 'other']);
  a.end();
  expect(await first).toBe('a');
  await nextTurn();
  expect(begun).toEqual(['a', 'other', 'c']);
  c.end();
  expect(await third).toBe('c');
});

it('the next work runs even if the work before it fails', async () => {
  const turns = new NewestTurn(60_000);
  const first = turns.run('ann', () => Promise.reject(new Error('failed')));
  const second = turns.run('ann', async () => 'done');
  await expect(first).rejects.toThrow('failed');
  expect(await second).toBe('done');
});

it('G10: work that waits too long is refused, and later work gets its turn', async () => {
  const turns = new NewestTurn(20);
  const [a, c] = [work('a', []), work('c', [])];
  const first = turns.run('ann', a.run);
  await expect(turns.run('ann', async () => 'b')).rejects.toEqual(refusal('UNAVAILABLE'));
  a.end();
  expect(await first).toBe('a');
  c.end();
  expect(await turns.run('ann', c.run)).toBe('c');
});
