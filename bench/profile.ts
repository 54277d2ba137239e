import { withDeployments } from './deployment.ts';
import type { Effort } from './effort.ts';
import type { Figure } from './figures.ts';
import { RelayLoad } from './load/relay-load.ts';
import { progress } from './progress.ts';
import { signalbox } from './systems.ts';

/** How many parts and functions to show. */
const maxRows = 15;
const roles = ['takes the mutations', 'holds the streams'];

/** How two relaying nodes spend their CPU time, by part of the code and by function. */
export function measureProfile(effort: Effort): Promise<readonly Figure[]> {
  return withDeployments([signalbox], 2, async ([deployment]) => {
    if (!deployment) throw new Error('No deployment was started.');
    const load = await RelayLoad.start(deployment);
    await load.warmUp(effort.relays, effort.warmUpSeconds);
    progress('profile: relaying');
    const nodes = roles.map((_, index) => deployment.process(index));
    for (const node of nodes) await node.ask('startProfile');
    for (let i = 0; i < effort.rounds; i++) await load.burst(effort.relays);
    const figures: Figure[] = [];
    for (const [index, role] of roles.entries()) {
      const { frames = [] } = (await nodes[index]?.ask('stopProfile')) ?? {};
      const busy = frames.filter((frame) => frame.name !== '(idle)' && !ofProfiler.test(frame.url));
      const title = `the node that ${role}`;
      figures.push(
        shares(`${title}, by part, %`, busy, partOf),
        shares(
          `${title}, by function, %`,
          busy,
          (frame) => `${frame.name || '(anonymous)'}, ${partOf(frame)}`,
        ),
      );
    }
    return figures;
  });
}

const ofProfiler = /^node:inspector|\/bench\/probe\.ts$/;

interface Frame {
  readonly name: string;
  readonly url: string;
  readonly micros: number;
}

/** The share of each key in the time of all frames. */
function shares(name: string, frames: readonly Frame[], key: (frame: Frame) => string): Figure {
  const total = frames.reduce((sum, { micros }) => sum + micros, 0);
  const rows = sums(frames, key)
    .slice(0, maxRows)
    .map(([system, micros]) => {
      const share = (100 * micros) / total;
      return { system, median: share, low: share, high: share, values: [share], ratio: Number.NaN };
    });
  return { measurement: 'profile', name, rows };
}

function sums(frames: readonly Frame[], key: (frame: Frame) => string): [string, number][] {
  const all = new Map<string, number>();
  for (const frame of frames) all.set(key(frame), (all.get(key(frame)) ?? 0) + frame.micros);
  return [...all].sort(([, a], [, b]) => b - a);
}

/** A package, a module of Node.js, a folder of this project, or V8 itself. */
function partOf({ name, url }: Frame): string {
  if (url === '') return name.startsWith('(') ? name : 'V8, and system calls';
  if (url.startsWith('node:')) return url.replace(/^node:(?:internal\/)?([^/]+).*$/, 'node:$1');
  const [, inPackage] = /node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*node_modules\/)/.exec(url) ?? [];
  if (inPackage !== undefined) return inPackage;
  const [, folder] = /\/(src\/(?:[\w-]+\/)*)/.exec(url) ?? [];
  return folder ?? url;
}
