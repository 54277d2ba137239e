import { readFlags, readNumber } from '../scripts/flags.ts';
import { runChaos } from './chaos.ts';
import { judge } from './judge.ts';
import { report } from './report.ts';

/**
 * `npm run chaos -- --seconds 60 --seed 7` injects faults into real nodes and a real Redis while many clients use them,
 * then judges the recorded history. Exit codes: 0, every guarantee held; 1, one did not; 2, the run itself failed.
 */

const help = `Injects faults into Signalbox nodes and Redis, and checks whether every guarantee holds.

  --seconds N   how long to inject faults; default 60. The run takes about 30 seconds more.
  --seed N      determines the faults and what the clients do; default: a different seed each time
  --clients N   how many clients at a time; default 100
  --sentinel    use a primary and a replica behind sentinels, instead of one Redis that keeps its data on disk
  --help        print this help
`;
/** How long a run may take to start, become calm and end, in addition to the time of the faults. */
const marginSeconds = 150;
/** How long it usually takes. */
const usualMarginSeconds = 30;

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

/** Progress goes to stderr, so that stdout holds the report alone. */
function progress(line: string): void {
  process.stderr.write(`${line}\n`);
}

async function run(): Promise<number> {
  const options = readOptions();
  const { seed, seconds } = options;
  const limit = setTimeout(
    () => {
      process.stderr.write(`The run did not end within ${seconds + marginSeconds} seconds.\n`);
      process.exit(2);
    },
    (seconds + marginSeconds) * 1000,
  );
  progress(`Seed ${seed}. The run takes about ${seconds + usualMarginSeconds} seconds.`);
  try {
    const history = await runChaos({ ...options, progress });
    const violations = judge(history);
    process.stdout.write(`${report(seed, history, violations)}\n`);
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

// After a failed run, a promise may stay pending and keep the process alive. Exit once the output is written.
process.stdout.write('', () => process.exit());
