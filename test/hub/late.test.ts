import { expect, it, onTestFinished } from 'vitest';
import { startRedis } from '../support/redis.ts';
import { again, bothReady, expectUnavailable, nodesAt, pairOn } from './forms/support.ts';

it('G5: what was asked of a Redis that stood still, and not waited for, takes no stream when it goes on', async () => {
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  const hubs = await nodesAt(redis.url);
  const [ann, ben] = await pairOn(hubs);
  process.kill(redis.pid, 'SIGSTOP');
  // As a client does that lost its stream, which its node has not noticed; and another, whose tab was opened again.
  await Promise.all([
    expectUnavailable(() => hubs[0].open(ben.profile, ben.cursor)),
    expectUnavailable(() => hubs[0].open(ben.profile)),
  ]);
  process.kill(redis.pid, 'SIGCONT');
  await bothReady(hubs);
  const { id } = await again(() => ann.relay('r', ben, 'after'));
  expect(await ben.next(), 'on the stream that it had').toMatchObject({ id });
  expect(await ann.beforeBarrier(ben, 'r'), 'nobody was announced').toEqual([]);
  expect(await hubs[0].room(ben.id, 'r'), 'nor is its session another').toMatchObject({ id: 'r' });
});
