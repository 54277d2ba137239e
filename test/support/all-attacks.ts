import { setTimeout as sleep } from 'node:timers/promises';
import { type Attack, attacks, type Toll } from './attacks.ts';
import { floods } from './floods.ts';

/** All attacks, each by one address. */
export const allAttacks: readonly Attack[] = [...attacks, ...floods];

/** How long an attacker waits whose attack was stopped, for example because its connection was closed. */
const againMs = 200;
/** How many seconds an attack lasts before it begins anew. So those that prepare are repeated too. */
const turnSeconds = 15;

/** Runs all attacks at the same time, until the time is over. An attack that is stopped begins anew. */
export async function attackTogether(url: string, seconds: number): Promise<Readonly<Record<string, Toll>>> {
  const end = performance.now() + seconds * 1000;
  const tolls = allAttacks.map(async ({ name, run }) => {
    const toll = { done: 0, limited: 0 };
    for (let left = seconds; left > 0; left = (end - performance.now()) / 1000) {
      try {
        const { done, limited } = await run(url, Math.min(left, turnSeconds));
        toll.done += done;
        toll.limited += limited;
      } catch {
        await sleep(againMs);
      }
    }
    return [name, toll] as const;
  });
  return Object.fromEntries(await Promise.all(tolls));
}
