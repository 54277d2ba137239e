import type { NodeProcess } from './node.ts';

/** Reads the metrics of a node that has ADMIN_PORT. */
export async function readMetrics(node: NodeProcess): Promise<Samples> {
  const { adminUrl } = await node.logged('listening');
  const response = await fetch(`${adminUrl}/metrics`);
  if (!response.ok) throw new Error(`${adminUrl}/metrics answered ${response.status}.`);
  return new Samples(await response.text());
}

/** The samples of one reading. */
export class Samples {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  /** The names of all metrics that begin with `signalbox_`, with their help. */
  get own(): ReadonlyMap<string, string> {
    const lines = this.text.matchAll(/^# HELP (signalbox_\w+) (.*)$/gm);
    return new Map(Array.from(lines, ([, name = '', help = '']) => [name, help]));
  }

  /** The sum of the samples with this name whose labels contain these. */
  sum(name: string, labels: Readonly<Record<string, string>> = {}): number {
    let sum = 0;
    for (const line of this.text.split('\n')) {
      const [, found, list = '', value] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
      const fits = Object.entries(labels).every(([label, text]) => list.includes(`${label}="${text}"`));
      if (found === name && fits) sum += Number(value);
    }
    return sum;
  }
}
