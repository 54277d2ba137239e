import { pino } from 'pino';
import { expect, onTestFinished } from 'vitest';
import { SignalboxError } from '../../../src/errors.ts';
import type { HubOptions } from '../../../src/hub/hub.ts';
import { RedisHub } from '../../../src/hub/redis/hub.ts';
import { freshPrefix } from '../../support/redis.ts';
import { until } from '../../support/until.ts';
import { payload, TestPeer } from '../peer.ts';
import { defaultOptions, refusal } from '../support.ts';

export type TwoNodes = readonly [RedisHub, RedisHub];

interface Options extends Omit<Partial<HubOptions>, 'log'> {
  readonly prefix?: string;
  /** Receives each line of the log. */
  readonly log?: (line: string) => void;
}

export function hubAt(url: string, { prefix = freshPrefix(), log, ...options }: Options = {}): RedisHub {
  const logger = log ? pino({ level: 'debug' }, { write: log }) : pino({ level: 'silent' });
  return new RedisHub({ ...defaultOptions, url, prefix, log: logger, ...options });
}

/** Starts two nodes of one deployment. They close with the test. */
export async function nodesAt(
  urls: string | readonly [string, string],
  options?: Options,
): Promise<TwoNodes> {
  const [one, two] = typeof urls === 'string' ? [urls, urls] : urls;
  const prefix = freshPrefix();
  const hubs = [hubAt(one, { prefix, ...options }), hubAt(two, { prefix, ...options })] as const;
  onTestFinished(async () => {
    await Promise.all(hubs.map((hub) => hub.close()));
  });
  await Promise.all(hubs.map((hub) => hub.start()));
  return hubs;
}

/** Two peers in one room, with their streams on different nodes. */
export async function pairOn(hubs: TwoNodes, room = 'r'): Promise<readonly [ann: TestPeer, ben: TestPeer]> {
  const [ann, ben] = [new TestPeer(hubs, 'ann'), new TestPeer(hubs, 'ben')];
  await ann.open(undefined, 0);
  await ben.open(undefined, 1);
  await ann.join(room);
  await ben.join(room);
  await ann.take(1);
  await ben.take(1);
  return [ann, ben];
}

/** Fails unless two peers on two nodes can meet, signal each other and resume after a lost connection. */
export async function expectService(hubs: TwoNodes, room = 'r'): Promise<void> {
  const [ann, ben] = await pairOn(hubs, room);
  await ann.relay(room, ben, 'offer', 'v=0');
  expect(await ben.next()).toMatchObject({ event: 'offer', data: payload('v=0') });
  await ben.drop();
  await ann.broadcast(room, 'while away');
  expect(await ben.resume()).toMatchObject({ resumed: true });
  expect(await ben.next()).toMatchObject({ event: 'while away' });
  await ben.leave(room);
  expect(await ann.next()).toMatchObject({ type: 'PeerRemoved', reason: 'LEFT' });
  await ann.drop();
  await ben.drop();
}

/**
 * Starts a node that cannot start with this URL, and returns the line that its operator sees. Fails if the node
 * starts, needs 5 s, or shows the secret.
 */
export async function refusedStart(url: string, secret = ''): Promise<string> {
  const lines: string[] = [];
  const begun = performance.now();
  let refused: unknown;
  try {
    const hub = hubAt(url, { log: (line) => lines.push(line) });
    try {
      await hub.start();
    } finally {
      await hub.close();
    }
  } catch (error) {
    refused = error;
  }
  expect(performance.now() - begun).toBeLessThan(5000);
  if (!(refused instanceof SignalboxError)) expect.fail(`Expected a refused start, got ${String(refused)}.`);
  expect(refused.message).not.toContain('\n');
  if (secret !== '') expect(refused.message + lines.join('')).not.toContain(secret);
  return refused.message;
}

/** Repeats a call that fails with UNAVAILABLE until it succeeds, as a client does. */
export async function again<Value>(call: () => Promise<Value>): Promise<Value> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await call();
    } catch (error) {
      if (attempt > 400 || (error as { code?: string }).code !== 'UNAVAILABLE') throw error;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }
}

/** Fails unless the call is refused with UNAVAILABLE within 2 s (G10). */
export async function expectUnavailable(call: () => Promise<unknown>): Promise<void> {
  const begun = performance.now();
  await expect(call()).rejects.toEqual(refusal('UNAVAILABLE'));
  expect(performance.now() - begun).toBeLessThan(2000);
}

export async function bothReady(hubs: TwoNodes): Promise<void> {
  await until(() => hubs.every((hub) => hub.ready()), 'both nodes are ready');
}

export async function noneReady(hubs: TwoNodes): Promise<void> {
  await until(() => !hubs.some((hub) => hub.ready()), 'both nodes say that they are not ready');
}
