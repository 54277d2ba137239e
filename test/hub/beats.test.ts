import { pino } from 'pino';
import { expect, onTestFinished, test, vi } from 'vitest';
import { Beats } from '../../src/hub/redis/beats.ts';
import { Neighbours } from '../../src/hub/redis/neighbours.ts';
import type { Scripts } from '../../src/hub/redis/scripts/scripts.ts';

test('G4: a beat with much housekeeping does not make the listening connection look dead', async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const beaten = { life: 'a', run: 'r', takeover: '1', neighbours: [] };
  let roundsLeft = 1;
  const scripts = {
    newestId: 5,
    beat: async () => {
      await new Promise((resolve) => setTimeout(resolve, 100));
      // It comes back on the node's channel.
      beats.heard();
      roundsLeft -= 1;
      return { ...beaten, more: roundsLeft > 0 };
    },
  };
  const ignore = () => undefined;
  const listenerDead = vi.fn();
  const events = {
    ...{ beaten: ignore, failed: ignore, givenUp: ignore, takenOver: ignore },
    ...{ listenerDead, commandsDead: ignore, misplaced: ignore },
  };
  const silent = pino({ level: 'silent' });
  const neighbours = new Neighbours({ reach: undefined, graceMs: 10_000, beatMs: 800 }, ignore, silent);
  const beats: Beats = new Beats(scripts as unknown as Scripts, 10_000, neighbours, events, silent);
  void beats.start();
  await vi.advanceTimersByTimeAsync(200);
  roundsLeft = 40;
  await vi.advanceTimersByTimeAsync(800 + 40 * 100);
  expect(roundsLeft).toBeLessThanOrEqual(0);
  expect(beats.alive).toBe(true);
  expect(listenerDead).not.toHaveBeenCalled();
  beats.stop();
});
