import { pino } from 'pino';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Narrator } from '../src/narrator.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('a narrator logs at most 20 lines a second, and counts the others', () => {
  const messages: string[] = [];
  const log = pino({ level: 'info' }, { write: (line) => messages.push(JSON.parse(line).msg) });
  const { tell } = new Narrator(log);
  for (let i = 0; i < 1020; i++) tell(`line ${i}`);
  expect(messages).toHaveLength(20);
  vi.advanceTimersByTime(1000);
  expect(messages.slice(20)).toEqual(['and 1000 more in this second']);
  tell('the next second');
  expect(messages.at(-1)).toBe('the next second');
  vi.advanceTimersByTime(1000);
  expect(messages).toHaveLength(22);
  expect(vi.getTimerCount()).toBe(0);
});
