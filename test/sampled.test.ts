import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Sampled } from '../src/sampled.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('Sampled reports the first event at once, and the rest once a second with their count', () => {
  const reports: [number, string][] = [];
  const sampled = new Sampled<string>((count, last) => reports.push([count, last]));
  for (const event of ['a', 'b', 'c']) sampled.note(event);
  expect(reports).toEqual([[1, 'a']]);
  vi.advanceTimersByTime(1000);
  expect(reports).toEqual([
    [1, 'a'],
    [2, 'c'],
  ]);
  sampled.note('d');
  expect(reports).toHaveLength(2);
  vi.advanceTimersByTime(1000);
  expect(reports.at(-1)).toEqual([1, 'd']);
  vi.advanceTimersByTime(1000);
  sampled.note('e');
  expect(reports.at(-1), 'at once again, after a quiet second').toEqual([1, 'e']);
});

test('Sampled reports what waits when it closes, and then has no timer', () => {
  const counts: number[] = [];
  const sampled = new Sampled<undefined>((count) => counts.push(count));
  for (let i = 0; i < 5; i++) sampled.note(undefined);
  sampled.close();
  sampled.close();
  expect(counts).toEqual([1, 4]);
  expect(vi.getTimerCount()).toBe(0);
});
