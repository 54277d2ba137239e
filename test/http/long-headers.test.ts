import { expect, it } from 'vitest';
import { negotiate } from '../../src/http/negotiate.ts';

it('G13: only the beginning of a long Accept header is read, so that 16 KiB of it take no longer than 1 KiB', () => {
  const others = (count: number) => 'a/b,'.repeat(count);
  expect(negotiate(`${others(15)}text/event-stream`).stream).toBe('text/event-stream');
  expect(negotiate(`${others(16)}text/event-stream`).stream).toBeUndefined();
  expect(negotiate(`a/b;${'c=d;'.repeat(300)},text/event-stream`).stream).toBeUndefined();
});
