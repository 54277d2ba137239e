import { inject } from 'vitest';
import { type NodeProcess, startNode } from '../support/node.ts';
import { freshPrefix } from '../support/redis.ts';

export const hubs = ['memory', 'Redis'] as const;
export type HubName = (typeof hubs)[number];

/** Two nodes of one deployment. A memory hub has only one node: then both are the same. */
export interface Pair extends AsyncDisposable {
  readonly a: NodeProcess;
  readonly b: NodeProcess;
  /** The nodes' settings, with which a test can start another node. */
  readonly env: Readonly<Record<string, string>>;
}

export async function startPair(
  hub: HubName,
  env: Readonly<Record<string, string>> = {},
  redisUrl: string = inject('redisUrl'),
): Promise<Pair> {
  if (hub === 'memory') {
    const node = await startNode({ env });
    return { a: node, b: node, env, [Symbol.asyncDispose]: () => node[Symbol.asyncDispose]() };
  }
  const shared = { ...env, REDIS_URL: redisUrl, REDIS_PREFIX: freshPrefix() };
  const [a, b] = await Promise.all([startNode({ env: shared }), startNode({ env: shared })]);
  return {
    a,
    b,
    env: shared,
    [Symbol.asyncDispose]: async () => {
      await Promise.all([a[Symbol.asyncDispose](), b[Symbol.asyncDispose]()]);
    },
  };
}

/** Does the work for each item, in order, for at most `atOnce` items at a time. */
export async function forEachOf<Item>(
  items: readonly Item[],
  atOnce: number,
  work: (item: Item, index: number) => Promise<void>,
): Promise<void> {
  const rest = items.entries();
  const worker = async () => {
    for (const [index, item] of rest) await work(item, index);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}
