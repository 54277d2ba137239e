import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, inject, it, onTestFinished, vi } from 'vitest';
import { commandTimeoutMs } from '../../src/hub/redis/connect/connection.ts';
import { Scripts } from '../../src/hub/redis/scripts/scripts.ts';
import { JsonText } from '../../src/json-text.ts';
import { freshPrefix } from '../support/redis.ts';
import { startWire } from '../support/wire.ts';
import { hubAt } from './forms/support.ts';
import { TestPeer } from './peer.ts';
import { defaultOptions, refusal } from './support.ts';

/** Lets a test set the clock that scripts read: they add the seconds that the key `test-step` holds. */
vi.mock('../../src/hub/redis/scripts/lua-source.ts', async (original) => {
  const source = await original<typeof import('../../src/hub/redis/scripts/lua-source.ts')>();
  const stepped = `
local function stepped_time()
  local time = redis.call('TIME')
  local step = redis.call('GET', string.sub(KEYS[1], 1, -4) .. 'test-step') or '0'
  return { string.format('%.0f', tonumber(time[1]) + tonumber(step)), time[2] }
end
`;
  return {
    ...source,
    composeScript: (...args: Parameters<typeof source.composeScript>) =>
      stepped + source.composeScript(...args).replaceAll("redis.call('TIME')", 'stepped_time()'),
  };
});

/** Sets the clock forward or back, as an operator or NTP may: for the scripts, and for the expiry of all keys. */
async function stepClock(redis: Redis, prefix: string, seconds: number): Promise<void> {
  await redis.incrby(`{${prefix}}:test-step`, seconds);
  for (const key of await redis.keys(`{${prefix}}:*`)) {
    const ttl = await redis.pttl(key);
    if (ttl < 0) continue;
    if (ttl <= seconds * 1000) await redis.del(key);
    else await redis.pexpire(key, ttl - seconds * 1000);
  }
}

let redis: Redis;
let prefix: string;
beforeEach(() => {
  redis = new Redis(inject('redisUrl'));
  prefix = freshPrefix();
});
afterEach(() => redis.quit());

describe('if the clock of Redis is set', () => {
  it.each([
    ['an hour forward', 3600],
    ['20 s back', -20],
    ['a day back', -86_400],
  ])('G4: %s, absent peers keep the rest of their grace period, no more and no less', async (_, step) => {
    const graceMs = 4000;
    const options = { prefix, graceMs };
    const hubs = [hubAt(inject('redisUrl'), options), hubAt(inject('redisUrl'), options)] as const;
    onTestFinished(async () => {
      await Promise.all(hubs.map((hub) => hub.close()));
    });
    await Promise.all(hubs.map((hub) => hub.start()));
    const [ann, ben, cat] = [new TestPeer(hubs, 'ann'), new TestPeer(hubs, 'ben'), new TestPeer(hubs, 'cat')];
    for (const [i, peer] of [ann, ben, cat].entries()) {
      await peer.open(undefined, i);
      await peer.join('r');
    }
    const begun = performance.now();
    await Promise.all([ben.drop(), cat.drop()]);
    const { cursor } = await ann.relay('r', ben, 'while away');
    await new Promise((resolve) => setTimeout(resolve, 2500));
    await stepClock(redis, prefix, step);
    // Both nodes beat.
    await new Promise((resolve) => setTimeout(resolve, 1000));
    expect(await ben.resume()).toMatchObject({ resumed: true });
    expect(await ben.next((entry) => entry.type === 'Signal')).toMatchObject({ cursor });
    await ann.next((entry) => entry.type === 'PeerRemoved' && entry.peer.id === cat.id);
    const awayMs = performance.now() - begun;
    // Redis counts whole milliseconds.
    expect(awayMs).toBeGreaterThan(graceMs - 2);
    expect(awayMs, 'it is announced by one of the next beats').toBeLessThan(graceMs + 2500);
    expect(await ann.beforeBarrier(ben, 'r'), 'nobody else is announced').toEqual([]);
  });

  const graceMs = 5000;
  const scriptsOf = (node: string) => new Scripts(redis, prefix, node, { ...defaultOptions, graceMs });
  const beat = (scripts: Scripts) =>
    scripts.beat({ beatMs: 800, leaseMs: 2600, batch: 200, takeover: '', newestId: 0 });
  const open = (scripts: Scripts, id: string) =>
    scripts.open({ peer: { id, username: id, guest: false }, stream: id, after: undefined });
  /** Milliseconds of the steady clock until the session ends. */
  const leftMs = async (scripts: Scripts, id: string) => {
    const { steadyMs } = await beat(scripts);
    return Number(await redis.zscore(`{${prefix}}:detached`, id)) - steadyMs;
  };

  it.each([3600, -20])(
    'G4: the grace period of a stream that closes between a step of %i s and the next beat is as long as any',
    async (step) => {
      const scripts = scriptsOf('node');
      await beat(scripts);
      await open(scripts, 'ann');
      await stepClock(redis, prefix, step);
      await scripts.detach('ann', 'ann', 0);
      const left = await leftMs(scripts, 'ann');
      expect(left).toBeGreaterThan(graceMs - 1000);
      expect(left).toBeLessThan(graceMs + 200);
    },
  );

  it.each([3600, -20])('G2: between a step of %i s and the next beat, calls are refused', async (step) => {
    const scripts = scriptsOf('node');
    await beat(scripts);
    await stepClock(redis, prefix, step);
    await expect(open(scripts, 'ann')).rejects.toEqual(refusal('UNAVAILABLE'));
    await beat(scripts);
    await open(scripts, 'ann');
  });

  it('G2: a call that was under way when the clock was set back is refused', async () => {
    const wire = await startWire(Number(new URL(inject('redisUrl')).port));
    const slow = new Redis({ port: wire.port, commandTimeout: commandTimeoutMs });
    onTestFinished(async () => {
      slow.disconnect();
      await wire.stop();
    });
    const [one, two] = [new Scripts(slow, prefix, 'one', { ...defaultOptions, graceMs }), scriptsOf('two')];
    await beat(one);
    await beat(two);
    await open(two, 'ann');
    wire.stall();
    await expect(one.join('ann', 'late', JsonText.null)).rejects.toEqual(refusal('UNAVAILABLE'));
    await stepClock(redis, prefix, -3);
    await beat(two);
    await two.join('ann', 'in time', JsonText.null);
    // The node's next beat reaches Redis, but its reply is on the slow line.
    await beat(scriptsOf('one'));
    wire.release();
    // The next beat comes behind the late call.
    await beat(one);
    const rooms = await two.rooms('ann');
    expect(rooms?.map(({ id }) => id)).toEqual(['in time']);
    await one.join('ann', 'later', JsonText.null);
  });

  it('all nodes see one step, and change the steady clock once', async () => {
    const [one, two] = [scriptsOf('one'), scriptsOf('two')];
    const before = await beat(one);
    await beat(two);
    await stepClock(redis, prefix, 3600);
    const [after, other] = await Promise.all([beat(one), beat(two)]);
    for (const { steadyMs, offsetMs } of [after, other]) {
      expect(Math.abs(offsetMs + 3_600_000)).toBeLessThan(500);
      expect(steadyMs - before.steadyMs).toBeLessThan(1000);
    }
    expect(other.offsetMs).toBe(after.offsetMs);
    await stepClock(redis, prefix, -3600);
    expect(Math.abs((await beat(two)).offsetMs)).toBeLessThan(500);
  });

  it('a node whose own clock stood still changes nothing, because another node has just beaten', async () => {
    const [one, two] = [scriptsOf('one'), scriptsOf('two')];
    await beat(one);
    const { steadyMs } = await beat(two);
    // Ten seconds in which the machine of the first node did not run.
    await stepClock(redis, prefix, 10);
    await redis.zadd(`{${prefix}}:nodes`, steadyMs + 10_000, 'two');
    expect((await beat(one)).offsetMs).toBe(0);
  });
});
