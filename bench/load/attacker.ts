/**
 * Attacks a node from a process of its own, so that the attack does not delay the one that measures.
 * Arguments: the number of the attack, the node's URL, how many seconds.
 */
import { attacks } from '../../test/support/attacks.ts';

const [index, url = '', seconds] = process.argv.slice(2);
const toll = await attacks[Number(index)]?.run(url, Number(seconds));
process.stdout.write(`${JSON.stringify(toll)}\n`);
process.exit();
