import { patienceMs } from './arrivals.ts';

/** Resolves when it holds, which nothing tells of: it is looked at again and again. A refusal is a no. */
export async function until(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = Date.now() + patienceMs;
  let refusal: unknown;
  while (Date.now() < deadline) {
    try {
      if (await holds()) return;
      refusal = undefined;
    } catch (error) {
      refusal = error;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`Waited in vain until ${what}.`, { cause: refusal });
}
