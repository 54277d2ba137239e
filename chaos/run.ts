import { readFlags, readNumber } from '../scripts/flags.ts';
import { runChaos } from './chaos.ts';
import { judge } from './judge.ts';
import { report } from './report.ts';

/**
 * `npm run chaos -- --seconds 60 --seed 7`: real nodes, a real Redis, many clients, and faults drawn
 * from the seed; then the judgement. Exits with 0 where every guarantee held, 1 where one did not, and
 * 2 where the run could not be had.
 */

const help = `Has things go wrong for Signalbox, and judges whether every guarantee held.

  --seconds N   how long; 60 unless given, and some 30 more
  --seed N      of what goes wrong and what clients do; another one each time unless given
  --clients N   how many there are at a time; 100 unless given
  --sentinel    Redis is a primary and a replica behind sentinels, and not one that keeps its data on disk
  --help
`;
/** What a run takes beside the seconds it is given: to start, to become calm, to end. */
const marginSeconds = 150;

function readOptions() {
  const { seconds, seed, clients, sentinel } = readFlags(help, {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: `${Date.now() % 1_000_000}` },
    clients: { type: 'string', default: '100' },
    sentinel: { type: 'boolean', default: false },
  });
  return {
    seconds: readNumber('--seconds', seconds, 1, help),
    seed: readNumber('--seed', seed, 0, help),
    clients: readNumber('--clients', clients, 2, help),
    replicated: sentinel,
  };
}

async function run(): Promise<number> {
  const options = readOptions();
  const limit = setTimeout(
    () => {
      process.stderr.write('The run did not end in time.\n');
      process.exit(2);
    },
    (options.seconds + marginSeconds) * 1000,
  );
  try {
    const history = await runChaos(options);
    const violations = judge(history);
    process.stdout.write(`${report(options.seed, history, violations)}\n`);
    return violations.length === 0 ? 0 : 1;
  } finally {
    clearTimeout(limit);
  }
}

try {
  process.exitCode = await run();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exitCode = 2;
}

// Where a run was broken off, something may still wait for what never comes.
process.stdout.write('', () => process.exit());
