import { progress } from './progress.ts';

/** Two times this many batches are compared. */
const span = 3;
/** The newer batches may be cheaper than the older ones by this part. */
const tolerance = 0.03;

/**
 * Repeats a batch until its cost falls no more: until then, V8 is still compiling the code that it runs. Resolves with the
 * seconds that this took. Gives up after `maxSeconds`, and says so.
 */
export async function untilSteady(
  name: string,
  maxSeconds: number,
  batch: () => Promise<number>,
): Promise<number> {
  const start = performance.now();
  const costs: number[] = [];
  for (;;) {
    costs.push(await batch());
    const seconds = (performance.now() - start) / 1000;
    if (isSteady(costs)) return seconds;
    if (seconds < maxSeconds) continue;
    progress(`  ${name} still became cheaper after ${seconds.toFixed(0)} s of warm-up.`);
    return seconds;
  }
}

function isSteady(costs: readonly number[]): boolean {
  if (costs.length < 2 * span) return false;
  const [older, newer] = [costs.slice(-2 * span, -span), costs.slice(-span)].map(mean);
  return (newer ?? 0) >= (1 - tolerance) * (older ?? 0);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
