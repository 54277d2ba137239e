import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { keep } from './children.ts';

const script = fileURLToPath(new URL('attacker.ts', import.meta.url));

/**
 * Runs `attacker.ts` in a process of its own. Resolves when the attack is over, about half a second after its time.
 * Rejects if the process fails.
 */
export async function runAttack(attack: string, url: string, seconds: number): Promise<void> {
  const child = spawn(process.execPath, [script, attack, url, String(seconds)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  keep(child);
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`The attacker ended with ${code}: ${errors}`);
}
