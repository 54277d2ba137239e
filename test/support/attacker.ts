/**
 * Attacks a node from a process of its own, so that the attack does not delay the one that measures.
 * Arguments: the number of the attack or `all`, the node's URL, how many seconds. Prints its toll.
 */
import { setPriority } from 'node:os';
import { allAttacks, attackTogether } from './all-attacks.ts';

// Attackers have machines of their own. Here they must not take the processor from the node that they attack.
setPriority(10);

const [which, url = '', seconds] = process.argv.slice(2);
// A node that is busy with an attack may answer its last request late.
setTimeout(() => process.exit(), Number(seconds) * 1000 + 500);
const toll =
  which === 'all'
    ? await attackTogether(url, Number(seconds))
    : await allAttacks[Number(which)]?.run(url, Number(seconds));
process.stdout.write(`${JSON.stringify(toll)}\n`);
process.exit();
