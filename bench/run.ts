import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { readFlags } from '../scripts/flags.ts';
import { type Effort, quick, thorough } from './effort.ts';
import { type Figure, toText } from './figures.ts';
import { measureBroadcast } from './measure/broadcast.ts';
import { measureJoin } from './measure/join.ts';
import { measureRecovery } from './measure/recovery.ts';
import { measureRelay } from './measure/relay.ts';
import { measureRequest } from './measure/request.ts';
import { measureStreams } from './measure/streams.ts';
import { profileRelay } from './profile.ts';

/**
 * Measures Signalbox beside baselines, in one run on one machine: what counts is the ratio of one to
 * the other. The servers are processes of their own; this process is the load and nothing else.
 */

const measurements: Readonly<Record<string, (effort: Effort) => Promise<readonly Figure[]>>> = {
  relay: measureRelay,
  broadcast: measureBroadcast,
  streams: measureStreams,
  request: measureRequest,
  join: measureJoin,
  recovery: measureRecovery,
};

const help = `Measures Signalbox beside baselines.

  --quick        less of everything: about 40 seconds in place of 3 minutes
  --only NAME    one of ${Object.keys(measurements).join(', ')}; may be given more than once
  --against DIR  another checkout of Signalbox, measured beside this one; may be given more than once
  --json FILE    writes the figures there too
  --profile      instead: where the CPU time of two nodes goes that relay
  --help
`;

const flags = readFlags(help, {
  quick: { type: 'boolean', default: false },
  only: { type: 'string', multiple: true, default: Object.keys(measurements) },
  against: { type: 'string', multiple: true, default: [] },
  json: { type: 'string' },
  profile: { type: 'boolean', default: false },
});

const effort = { ...(flags.quick ? quick : thorough), against: flags.against };

async function run(): Promise<void> {
  const all: Figure[] = [];
  let failed = false;
  print(`node ${process.version}, ${availableParallelism()} cores\n`);
  for (const name of flags.only) {
    const measure = measurements[name];
    if (!measure) throw new Error(`--only takes one of ${Object.keys(measurements).join(', ')}.`);
    try {
      const figures = await measure(effort);
      print(toText(figures));
      all.push(...figures);
    } catch (error) {
      // A machine that is too busy for one measurement may do for the next.
      print(`${name} failed: ${error instanceof Error ? error.message : error}\n`);
      failed = true;
    }
  }
  if (flags.json !== undefined) writeFileSync(flags.json, `${JSON.stringify(all, null, 2)}\n`);
  process.exitCode = failed ? 1 : 0;
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

if (flags.profile) print(await profileRelay(effort));
else await run();
process.exit();
