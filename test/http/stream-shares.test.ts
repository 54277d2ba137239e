import { expect, it } from 'vitest';
import { StreamShares } from '../../src/http/stream-shares.ts';

it('G13: an address that resumes streams on top of its share leaves places for others', () => {
  const shares = new StreamShares(1000);
  const open = (address: string, resumes: boolean): boolean => {
    try {
      const place = shares.place(address);
      place.take(resumes);
      place.confirm(resumes);
      return true;
    } catch {
      return false;
    }
  };
  let opened = 0;
  while (open('10.0.0.1', false)) opened++;
  expect(opened).toBe(750);
  let resumed = 0;
  while (resumed < 1000 && open('10.0.0.1', true)) resumed++;
  expect(resumed, 'connections that broke may not be noticed yet').toBe(125);
  expect(open('10.0.0.2', false)).toBe(true);
  expect(open('10.0.0.2', true)).toBe(true);
});
