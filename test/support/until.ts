import { patienceMs } from './arrivals.ts';

/**
 * Checks a condition every 20 ms, and resolves when it holds. For conditions that no event tells of. A check that
 * throws counts as false. Fails after `patienceMs`.
 */
export async function until(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = Date.now() + patienceMs;
  let lastError: unknown;
  while (Date.now() < deadline) {
    try {
      if (await holds()) return;
      lastError = undefined;
    } catch (error) {
      lastError = error;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`This did not happen in time: ${what}.`, { cause: lastError });
}
