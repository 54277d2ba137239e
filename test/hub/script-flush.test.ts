import { expect, it, onTestFinished } from 'vitest';
import { startRedis } from '../support/redis.ts';
import { startWire } from '../support/wire.ts';
import { nodesAt, pairOn } from './forms/support.ts';

it('calls succeed although Redis forgets its scripts again and again', async () => {
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  const wire = await startWire(redis.port);
  onTestFinished(() => wire.stop());
  const hubs = await nodesAt(`redis://127.0.0.1:${wire.port}`);
  const [ann, ben] = await pairOn(hubs);
  let flushes = 0;
  // In the worst case between any two commands, also between the text of a script and the call that relies on it.
  wire.beforeCommand = async () => {
    flushes += 1;
    await redis.admin.script('FLUSH');
  };
  const sent: number[] = [];
  for (let round = 0; round < 20; round++) {
    // The relays of one turn share a script; each broadcast has its own.
    const calls = Array.from({ length: 10 }, (_, i) =>
      i % 2 === 0 ? ann.relay('r', ben, 'm') : ann.broadcast('r', 'm'),
    );
    for (const { cursor } of await Promise.all(calls)) sent.push(Number(cursor));
  }
  expect(flushes).toBeGreaterThan(sent.length);
  sent.sort((a, b) => a - b);
  await ben.next((entry) => entry.cursor === String(sent.at(-1)));
  const signals = ben.seen.filter((entry) => entry.type === 'Signal');
  expect(
    signals.map(({ cursor }) => Number(cursor)),
    'each has run once',
  ).toEqual(sent);
});
