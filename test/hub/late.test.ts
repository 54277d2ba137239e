import { expect, it, onTestFinished } from 'vitest';
import { startRedis } from '../support/redis.ts';
import { again, bothReady, expectUnavailable, nodesAt, pairOn } from './forms/support.ts';
import { payload } from './peer.ts';

it('G14: a call that timed out while Redis was halted, repeated at another node with its key, is sent once', async () => {
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  const hubs = await nodesAt(redis.url);
  const [ann, ben] = await pairOn(hubs);
  process.kill(redis.pid, 'SIGSTOP');
  // Redis may run it later.
  await expectUnavailable(() => hubs[0].relay(ann.id, 'r', ben.id, 'm', payload(1), 'key'));
  process.kill(redis.pid, 'SIGCONT');
  await bothReady(hubs);
  const { cursor } = await again(() => hubs[1].relay(ann.id, 'r', ben.id, 'm', payload(1), 'key'));
  expect(await again(() => ben.beforeBarrier(ann, 'r'))).toMatchObject([{ event: 'm', cursor }]);
});

it('G5: a call that timed out while Redis was halted takes no stream when Redis continues', async () => {
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  const hubs = await nodesAt(redis.url);
  const [ann, ben] = await pairOn(hubs);
  process.kill(redis.pid, 'SIGSTOP');
  // One call resumes a lost stream whose node has not noticed the loss. The other opens without a cursor, as a
  // new tab does.
  await Promise.all([
    expectUnavailable(() => hubs[0].open(ben.peer, ben.cursor)),
    expectUnavailable(() => hubs[0].open(ben.peer)),
  ]);
  process.kill(redis.pid, 'SIGCONT');
  await bothReady(hubs);
  const { cursor } = await again(() => ann.relay('r', ben, 'after'));
  expect(await ben.next(), 'its stream is still the same').toMatchObject({ cursor });
  expect(await ann.beforeBarrier(ben, 'r'), 'no peer was announced').toEqual([]);
  expect(await hubs[0].room(ben.id, 'r'), 'its session is still the same').toMatchObject({ id: 'r' });
});
