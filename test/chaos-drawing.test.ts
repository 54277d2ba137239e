import { expect, inject, test } from 'vitest';
import { drawWhileNetworksChange } from '../chaos/drawing/drawing.ts';

const seed = 7;
/** The networks change for 60 s. Then, a check waits for up to 90 s, twice. */
const timeout = 300_000;

test('G3, G4: three pages that draw while their networks change and nodes end show each stroke once, in the same pixels', {
  timeout,
}, async () => {
  const redisUrl = inject('redisUrl');
  const report = await drawWhileNetworksChange({ redisUrl, seed, seconds: 60, checkSeconds: 30 });
  const { differences, faults, strokes, changes, streams, meetings, paths } = report;
  expect({ differences, faults }, JSON.stringify(report)).toEqual({ differences: [], faults: [] });
  // The run had enough of everything to mean something.
  expect(strokes).toBeGreaterThan(40);
  expect(Object.values(changes).reduce((sum, n) => sum + n)).toBeGreaterThan(15);
  expect(streams).toBeGreaterThan(6);
  expect(meetings + paths).toBeGreaterThan(2);
});
