import { pino } from 'pino';
import { expect, onTestFinished, test, vi } from 'vitest';
import { Beats } from '../../src/hub/redis/beats.ts';
import { Neighbours } from '../../src/hub/redis/neighbours.ts';
import type { Scripts } from '../../src/hub/redis/scripts/scripts.ts';
import { ignoredEvents } from './support.ts';

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
  const events = { ...ignoredEvents, listenerDead };
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

test('G10: a node looks whether it alone has lost Redis also while a beat waits for its answer', async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const answer = { life: 'a', run: 'r', takeover: '1', neighbours: [], more: false };
  let hangs = false;
  const scripts = {
    newestId: 5,
    beat: () => (hangs ? new Promise(() => undefined) : Promise.resolve(answer)),
  };
  const missed = vi.fn(async () => undefined);
  const neighbours = { missed, beaten: () => undefined, address: () => '' };
  const silent = pino({ level: 'silent' });
  const beats = new Beats(
    scripts as unknown as Scripts,
    10_000,
    neighbours as unknown as Neighbours,
    ignoredEvents,
    silent,
  );
  await beats.start();
  hangs = true;
  await vi.advanceTimersByTimeAsync(3 * 800 + 10);
  expect(missed.mock.calls.length, 'at each tick after the one that sent the beat').toBe(2);
  beats.stop();
});
