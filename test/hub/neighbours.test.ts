import { pino } from 'pino';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Neighbours, type Readiness } from '../../src/hub/redis/neighbours.ts';

const beatMs = 800;
const graceMs = 15_000;

let answer: Readiness | undefined;
let found: string[];
let asked: string[];
let neighbours: Neighbours;
beforeEach(() => {
  vi.useFakeTimers();
  answer = undefined;
  found = [];
  asked = [];
  const reach = {
    address: () => undefined,
    askReady: async (url: string) => {
      asked.push(url);
      return answer;
    },
  };
  neighbours = new Neighbours(
    { reach, graceMs, beatMs },
    (other) => found.push(other),
    pino({ level: 'silent' }),
  );
  neighbours.beaten([{ nodeId: 'other', url: 'http://other' }]);
});
afterEach(() => vi.useRealTimers());

/** Beats are missed until the node has been silent for so long. */
async function silence(untilMs: number, fromMs = 0): Promise<void> {
  for (let silentMs = fromMs; silentMs <= untilMs; silentMs += beatMs) {
    vi.advanceTimersByTime(beatMs);
    await neighbours.missed(silentMs);
  }
}

it('G10: a node asks nobody before it has been silent for a third of the grace period', async () => {
  await silence(graceMs / 3 - 1);
  expect(asked).toEqual([]);
  await silence(graceMs / 3 + beatMs, graceMs / 3);
  expect(asked).not.toEqual([]);
});

it('G10: a node is alone if another one has heard Redis for a while, until it hears Redis itself', async () => {
  answer = { nodeId: 'other', silentMs: 100 };
  await silence(10_000);
  expect(found, 'it is told once').toEqual(['other']);
  expect(neighbours.alone).toBe(true);
  neighbours.beaten([]);
  expect(neighbours.alone).toBe(false);
});

it('G10: a node is not alone if the other one only reconnected a little sooner', async () => {
  answer = { nodeId: 'other', silentMs: 100 };
  await neighbours.missed(6000);
  vi.advanceTimersByTime(beatMs);
  await neighbours.missed(6800);
  neighbours.beaten([]);
  expect(found).toEqual([]);
});

it('G10: a node is not alone if the other one is silent for as long', async () => {
  for (let silentMs = 5000; silentMs < 10_000; silentMs += beatMs) {
    answer = { nodeId: 'other', silentMs: silentMs - beatMs };
    vi.advanceTimersByTime(beatMs);
    await neighbours.missed(silentMs);
  }
  expect(found).toEqual([]);
});

it('G10: a node does not believe a node that Redis did not name', async () => {
  answer = { nodeId: 'unknown', silentMs: 100 };
  await silence(10_000);
  expect(found).toEqual([]);
});
