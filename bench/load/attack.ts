import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { keep } from '../../test/support/children.ts';

const script = fileURLToPath(new URL('attacker.ts', import.meta.url));

/** Runs `attacker.ts` in a process of its own. Resolves when the attack is over. */
export async function runAttack(attack: string, url: string, seconds: number): Promise<void> {
  const child = spawn(process.execPath, [script, attack, url, String(seconds)], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  keep(child);
  await once(child, 'exit');
}
