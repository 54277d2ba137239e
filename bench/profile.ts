import { withDeployments } from './deployment.ts';
import type { Effort } from './effort.ts';
import { RelayLoad } from './measure/relay.ts';
import { signalbox } from './systems.ts';

/** How many lines to print of each table. */
const maxLines = 15;

/** How two relaying nodes spend their CPU time, by part of the code and by function. Returns text. */
export function profileRelay(effort: Effort): Promise<string> {
  return withDeployments([signalbox], 2, async ([deployment]) => {
    if (!deployment) throw new Error('No deployment was started.');
    const load = await RelayLoad.start(deployment);
    await load.round(effort);
    const texts: string[] = [];
    for (const node of deployment.nodes) await node.ask('startProfile');
    for (let i = 0; i < effort.rounds; i++) await load.round({ ...effort, seconds: 0 });
    for (const [index, role] of ['takes the mutations', 'holds the streams'].entries()) {
      const { frames } = await deployment.node(index).ask('stopProfile');
      texts.push(describe(`The node that ${role}`, frames));
    }
    return texts.join('\n\n');
  });
}

const ofProfiler = /^node:inspector|\/bench\/probe\.ts$/;

interface Frame {
  readonly name: string;
  readonly url: string;
  readonly micros: number;
}

function describe(title: string, frames: readonly Frame[]): string {
  const busy = frames.filter((frame) => frame.name !== '(idle)' && !ofProfiler.test(frame.url));
  const total = busy.reduce((sum, { micros }) => sum + micros, 0);
  const share = (micros: number) => `${((100 * micros) / total).toFixed(1).padStart(6)} %  `;
  const lines = (key: (frame: Frame) => string, count: number) =>
    sums(busy, key)
      .slice(0, count)
      .map(([name, micros]) => share(micros) + name);
  return [
    `${title}: by part`,
    ...lines(partOf, maxLines),
    '',
    `${title}: by function`,
    ...lines((frame) => `${frame.name || '(anonymous)'}, ${partOf(frame)}`, maxLines),
  ].join('\n');
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
