import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { RedisHub } from '../../src/hub/redis/hub.ts';
import { isCut, Stream } from '../../src/hub/stream.ts';
import { StreamAges } from '../../src/hub/stream-ages.ts';
import { freshPrefix, startRedis } from '../support/redis.ts';
import { until } from '../support/until.ts';
import { defaultOptions } from './support.ts';

const minute = 60_000;
/** How often the owner looks. */
const beat = 800;

describe('StreamAges', () => {
  function setUp(maxMs: number | undefined) {
    vi.useFakeTimers({ toFake: ['performance', 'setInterval', 'clearInterval'] });
    onTestFinished(() => void vi.useRealTimers());
    const ages = new StreamAges(maxMs);
    onTestFinished(() => ages.stop());
    const streams = Array.from({ length: 400 }, () => ages.add(new Stream(() => undefined)));
    const open = () => streams.filter(({ closed }) => !closed).length;
    const look = (ms: number) => {
      for (let passed = 0; passed < ms; passed += beat) {
        vi.advanceTimersByTime(beat);
        ages.look();
      }
    };
    return { ages, streams, open, look };
  }

  it('at three quarters of the greatest age about half of the streams are cut, and at the greatest age all', () => {
    const { open, look } = setUp(60 * minute);
    look(30 * minute);
    expect(open()).toBe(400);
    look(15 * minute);
    expect(open()).toBeGreaterThan(120);
    expect(open()).toBeLessThan(280);
    look(15 * minute + beat);
    expect(open()).toBe(0);
  });

  it('if a node could not serve for a while, its overdue streams are cut one by one afterwards, and not at once', () => {
    const { ages, open, look } = setUp(60 * minute);
    vi.advanceTimersByTime(90 * minute);
    ages.look();
    expect(open()).toBe(400);
    look(7.5 * minute);
    expect(open()).toBeGreaterThan(120);
    expect(open()).toBeLessThan(280);
    look(7.5 * minute + beat);
    expect(open()).toBe(0);
  });

  it('without a greatest age, no stream is cut', () => {
    const { ages, open, look } = setUp(undefined);
    ages.start();
    look(60 * minute);
    expect(open()).toBe(400);
  });

  it('a stream that is closed, and all streams after stop, are forgotten', async () => {
    const { ages, streams, open, look } = setUp(60 * minute);
    await streams[0]?.return();
    ages.stop();
    look(120 * minute);
    expect(open()).toBe(399);
  });
});

it('G10: no stream is cut for its age while Redis halts; afterwards it is cut, and its peer resumes', async () => {
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  const hub = new RedisHub({ ...defaultOptions, url: redis.url, prefix: freshPrefix(), maxStreamMs: 1000 });
  onTestFinished(() => hub.close());
  await hub.start();
  const ann = { id: 'ann', username: 'ann', guest: false };
  const stream = await hub.open(ann);
  const { value: connected } = await stream.next();
  process.kill(redis.pid, 'SIGSTOP');
  const since = performance.now();
  try {
    await until(() => performance.now() - since > 4000 || stream.closed, 'four times the most');
    expect(stream.closed).toBe(false);
  } finally {
    process.kill(redis.pid, 'SIGCONT');
  }
  await until(() => stream.closed, 'the cut');
  await expect(stream.next()).rejects.toSatisfy(isCut);
  const again = await hub.open(ann, connected?.cursor);
  expect((await again.next()).value).toMatchObject({ resumed: true });
  await again.return();
});
