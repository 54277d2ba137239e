import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { readFlags } from '../scripts/flags.ts';
import { startRedis } from '../test/support/redis.ts';
import { type Effort, quick, thorough } from './effort.ts';
import { type Figure, toText } from './figures.ts';
import { Lock } from './lock.ts';
import { measureAttacks } from './measure/attacks.ts';
import { measureBroadcast } from './measure/broadcast.ts';
import { measureFullRoom } from './measure/full-room.ts';
import { measureNodes, measurePayload, measureRooms } from './measure/growth.ts';
import { measureJoin } from './measure/join.ts';
import { measureRecovery } from './measure/recovery.ts';
import { measureRelay } from './measure/relay.ts';
import { measureRequest } from './measure/request.ts';
import { measureScripts } from './measure/scripts.ts';
import { measureStreams } from './measure/streams.ts';
import { measureProfile } from './profile.ts';
import { progress } from './progress.ts';
import { writeReport } from './report/write.ts';
import { keepResult } from './results.ts';

/**
 * Measures Signalbox beside contenders on one machine. The ratios count, not the absolute figures. Every node is a process
 * of its own; this process only makes the load.
 */

interface Measurement {
  readonly measure: (effort: Effort) => Promise<readonly Figure[]>;
  /** How long it takes on two idle cores, without `--against`: in full, and with `--quick`. */
  readonly seconds: number;
  /** Undefined: `--quick` leaves it out, unless `--only` names it. */
  readonly quickSeconds?: number;
}

const measurements: Readonly<Record<string, Measurement>> = {
  relay: { measure: measureRelay, seconds: 200, quickSeconds: 25 },
  broadcast: { measure: measureBroadcast, seconds: 240, quickSeconds: 20 },
  streams: { measure: measureStreams, seconds: 90, quickSeconds: 20 },
  request: { measure: measureRequest, seconds: 30, quickSeconds: 10 },
  join: { measure: measureJoin, seconds: 30, quickSeconds: 5 },
  'full room': { measure: measureFullRoom, seconds: 20 },
  recovery: { measure: measureRecovery, seconds: 100, quickSeconds: 15 },
  scripts: { measure: measureScripts, seconds: 20 },
  nodes: { measure: measureNodes, seconds: 150 },
  rooms: { measure: measureRooms, seconds: 80 },
  payload: { measure: measurePayload, seconds: 100 },
  profile: { measure: measureProfile, seconds: 15 },
  attacks: { measure: measureAttacks, seconds: 380 },
};
const names = Object.keys(measurements).join(', ');

const help = `Measures Signalbox beside contenders, and prints the figures with their ratios.

  --quick        measure less: less than two minutes instead of about 25
  --only NAME    one of ${names};
                 may be given more than once
  --against DIR  also measure another checkout of Signalbox; may be given more than once
  --json FILE    also write the figures to this file
  --record       also keep the figures in bench/results/, and write docs/performance.md and its plots from them
  --lock FILE    hold this lock file during each measurement, so that no other work disturbs it
  --help         print this help
`;

const flags = readFlags(help, {
  quick: { type: 'boolean', default: false },
  only: { type: 'string', multiple: true },
  against: { type: 'string', multiple: true, default: [] },
  json: { type: 'string' },
  record: { type: 'boolean', default: false },
  lock: { type: 'string' },
});

const effort = { ...(flags.quick ? quick : thorough), against: flags.against };
const chosen = flags.only ?? Object.keys(measurements).filter((name) => !flags.quick || isQuick(name));

function isQuick(name: string): boolean {
  return measurements[name]?.quickSeconds !== undefined;
}

function find(name: string): Measurement {
  const measurement = measurements[name];
  if (measurement) return measurement;
  process.stderr.write(`--only is ${JSON.stringify(name)}; it takes one of ${names}.\n\n${help}`);
  process.exit(2);
}

/** How to repeat a measurement. The other checkouts may be anywhere. */
function commandOf(name: string): string {
  const words = ['npm run bench -- --only', /\s/.test(name) ? `'${name}'` : name];
  if (flags.quick) words.push('--quick');
  for (const _ of flags.against) words.push('--against <folder>');
  return words.join(' ');
}

async function redisVersion(): Promise<string> {
  await using redis = await startRedis();
  return /^redis_version:(\S+)/m.exec(await redis.admin.info('server'))?.[1] ?? '';
}

async function measure(name: string, redis: string): Promise<readonly Figure[]> {
  await using _lock = flags.lock === undefined ? undefined : await Lock.take(flags.lock);
  const start = performance.now();
  const figures = await find(name).measure(effort);
  const seconds = (performance.now() - start) / 1000;
  progress(`${name} took ${seconds.toFixed(0)} s.`);
  if (flags.record) keepResult(name, { command: commandOf(name), redis, seconds, figures });
  return figures;
}

async function run(): Promise<void> {
  const seconds = chosen
    .map(find)
    .reduce((sum, each) => sum + ((flags.quick && each.quickSeconds) || each.seconds), 0);
  const more = flags.against.length > 0 ? ', and more for each other checkout' : '';
  progress(`This takes about ${seconds} seconds on two idle cores${more}.`);
  const redis = await redisVersion();
  print(`Node.js ${process.version}, Redis ${redis}, ${availableParallelism()} cores\n`);
  const all: Figure[] = [];
  let failed = false;
  for (const [i, name] of chosen.entries()) {
    progress(`Measurement ${i + 1} of ${chosen.length}: ${name}. Starting the nodes and warming up.`);
    try {
      const figures = await measure(name, redis);
      print(toText(figures));
      all.push(...figures);
    } catch (error) {
      // The machine may be too busy for one measurement but not for the next.
      print(`${name} failed: ${error instanceof Error ? error.message : error}\n`);
      failed = true;
    }
  }
  if (flags.json !== undefined) writeFileSync(flags.json, `${JSON.stringify(all, null, 2)}\n`);
  if (flags.record) writeReport();
  process.exitCode = failed ? 1 : 0;
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

await run();
process.exit();
