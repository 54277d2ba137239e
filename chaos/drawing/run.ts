import { readFlags, readNumber } from '../../scripts/flags.ts';
import { startRedis } from '../../test/support/redis.ts';
import { drawWhileNetworksChange } from './drawing.ts';

/**
 * `npm run chaos:drawing -- --minutes 30`. Exit codes: 0, all pages always showed the same after a change; 1, they did
 * not, or a page had an error; 2, the run itself failed.
 */

const help = `Lets three people draw on two nodes behind nginx while their networks change all the time, and checks
that all of them show each stroke once.

  --minutes N        how long; default 5
  --check-seconds N  how often the networks become calm for a check, which takes some more seconds; default 60
  --seed N           determines the changes and the strokes; default: a different seed each time
  --help             print this help
`;

const flags = readFlags(help, {
  minutes: { type: 'string', default: '5' },
  'check-seconds': { type: 'string', default: '60' },
  seed: { type: 'string', default: `${Date.now() % 1_000_000}` },
});
const minutes = readNumber('--minutes', flags.minutes, 1, help);
const checkSeconds = readNumber('--check-seconds', flags['check-seconds'], 10, help);
const seed = readNumber('--seed', flags.seed, 0, help);

/** Progress goes to stderr, so that stdout holds the report alone. */
function progress(line: string): void {
  process.stderr.write(`${line}\n`);
}

async function run(): Promise<number> {
  progress(`Seed ${seed}. Networks change for ${minutes} min. A line follows every ${checkSeconds} s.`);
  await using redis = await startRedis();
  const { url: redisUrl } = redis;
  const report = await drawWhileNetworksChange({
    redisUrl,
    seed,
    seconds: minutes * 60,
    checkSeconds,
    progress,
  });
  process.stdout.write(`${JSON.stringify({ seed, minutes, ...report }, null, 2)}\n`);
  return report.differences.length + report.faults.length > 0 ? 1 : 0;
}

try {
  process.exitCode = await run();
} catch (error) {
  progress(error instanceof Error ? (error.stack ?? error.message) : String(error));
  process.exitCode = 2;
}

// After a failed run, a promise may stay pending and keep the process alive. Exit once the output is written.
process.stdout.write('', () => process.exit());
