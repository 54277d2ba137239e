import { readFileSync } from 'node:fs';

/** Files that a node has open beside its connections: Redis, the log, the event loop, modules being loaded. */
export const otherFiles = 128;

/**
 * How many files this process may have open. Node.js raises the soft limit to the hard limit when it starts.
 * Undefined where the system does not say, which is everywhere but on Linux.
 */
export function maxOpenFiles(limits = '/proc/self/limits'): number | undefined {
  let text: string;
  try {
    text = readFileSync(limits, 'utf8');
  } catch {
    return undefined;
  }
  const soft = /^Max open files +(\d+) /m.exec(text)?.[1];
  return soft === undefined ? undefined : Number(soft);
}
