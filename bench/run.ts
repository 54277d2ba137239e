import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { readFlags } from '../scripts/flags.ts';
import { type Effort, quick, thorough } from './effort.ts';
import { type Figure, toText } from './figures.ts';
import { measureAttacks } from './measure/attacks.ts';
import { measureBroadcast } from './measure/broadcast.ts';
import { measureJoin } from './measure/join.ts';
import { measureRecovery } from './measure/recovery.ts';
import { measureRelay } from './measure/relay.ts';
import { measureRequest } from './measure/request.ts';
import { measureScripts } from './measure/scripts.ts';
import { measureStreams } from './measure/streams.ts';
import { profileRelay } from './profile.ts';
import { progress } from './progress.ts';

/**
 * Measures Signalbox beside baselines on one machine. The ratios count, not the absolute figures. Every node is a process
 * of its own; this process only makes the load.
 */

interface Measurement {
  readonly measure: (effort: Effort) => Promise<readonly Figure[]>;
  /** How long it takes on two idle cores, without `--against`: in full, and with `--quick`. */
  readonly seconds: number;
  readonly quickSeconds: number;
}

const measurements: Readonly<Record<string, Measurement>> = {
  relay: { measure: measureRelay, seconds: 40, quickSeconds: 20 },
  broadcast: { measure: measureBroadcast, seconds: 60, quickSeconds: 10 },
  streams: { measure: measureStreams, seconds: 40, quickSeconds: 20 },
  request: { measure: measureRequest, seconds: 20, quickSeconds: 10 },
  join: { measure: measureJoin, seconds: 20, quickSeconds: 5 },
  recovery: { measure: measureRecovery, seconds: 100, quickSeconds: 15 },
  scripts: { measure: measureScripts, seconds: 20, quickSeconds: 15 },
  attacks: { measure: measureAttacks, seconds: 380, quickSeconds: 380 },
};
const names = Object.keys(measurements).join(', ');

const help = `Measures Signalbox beside baselines, and prints the figures with their ratios.

  --quick        measure less: about eight minutes instead of about eleven
  --only NAME    one of ${names}; may be given more than once
  --against DIR  also measure another checkout of Signalbox; may be given more than once
  --json FILE    also write the figures to this file
  --profile      print instead how two relaying nodes spend their CPU time, by part of the code
  --help         print this help
`;

const flags = readFlags(help, {
  quick: { type: 'boolean', default: false },
  only: { type: 'string', multiple: true, default: Object.keys(measurements) },
  against: { type: 'string', multiple: true, default: [] },
  json: { type: 'string' },
  profile: { type: 'boolean', default: false },
});

const effort = { ...(flags.quick ? quick : thorough), against: flags.against };

function find(name: string): Measurement {
  const measurement = measurements[name];
  if (measurement) return measurement;
  process.stderr.write(`--only is ${JSON.stringify(name)}; it takes one of ${names}.\n\n${help}`);
  process.exit(2);
}

async function run(): Promise<void> {
  const seconds = flags.only
    .map(find)
    .reduce((sum, each) => sum + (flags.quick ? each.quickSeconds : each.seconds), 0);
  const more = flags.against.length > 0 ? ', and more for each other checkout' : '';
  progress(`This takes about ${seconds} seconds on two idle cores${more}.`);
  print(`Node.js ${process.version}, ${availableParallelism()} cores\n`);
  const all: Figure[] = [];
  let failed = false;
  for (const [i, name] of flags.only.entries()) {
    progress(`Measurement ${i + 1} of ${flags.only.length}: ${name}. Starting the nodes and warming up.`);
    try {
      const figures = await find(name).measure(effort);
      print(toText(figures));
      all.push(...figures);
    } catch (error) {
      // The machine may be too busy for one measurement but not for the next.
      print(`${name} failed: ${error instanceof Error ? error.message : error}\n`);
      failed = true;
    }
  }
  if (flags.json !== undefined) writeFileSync(flags.json, `${JSON.stringify(all, null, 2)}\n`);
  process.exitCode = failed ? 1 : 0;
}

async function profile(): Promise<void> {
  progress('Profiling two relaying nodes. This takes about 20 seconds.');
  print(await profileRelay(effort));
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

await (flags.profile ? profile() : run());
process.exit();
