import { Redis } from 'ioredis';
import { describe, expect, inject, it, onTestFinished, test } from 'vitest';
import { toDispatch } from '../../src/hub/redis/scripts/dispatch.ts';
import { freshPrefix } from '../support/redis.ts';
import { until } from '../support/until.ts';
import { hubAt } from './forms/support.ts';
import { TestPeer } from './peer.ts';

const head = { n: 7, run: 'abcdef01', newest: 0 };
const malformed = [
  '',
  '[]',
  'null',
  '[1]',
  '1',
  '"beat"',
  'no JSON',
  '{}',
  '{"n":',
  JSON.stringify({ ...head, kind: 'toString' }),
  JSON.stringify({ ...head, kind: ['beat'], n: '7' }),
  JSON.stringify({ ...head, kind: 'beat', n: 1.5 }),
  JSON.stringify({ ...head, kind: 'beat', newest: 1e300 }),
  JSON.stringify({ ...head, kind: 'beat', run: 7 }),
  JSON.stringify({ ...head, kind: 'peer', stream: 's' }),
  JSON.stringify({ ...head, kind: 'peers' }),
  `${JSON.stringify({ ...head, kind: 'peers' })}\n5 s`,
  `${JSON.stringify({ ...head, kind: 'peers' })}\n5\n{"type":"Signal"}\n{"id":"p"}\nnull`,
  `${JSON.stringify({ ...head, kind: 'peers' })}\n5 s\n{"type":"Signal"}\n{"id":"p"}\nnull\n5 s`,
  `${JSON.stringify({ ...head, kind: 'peers' })}\n5 s\n{"type":"Signal"}\n{"id":7}\nnull`,
  JSON.stringify({ ...head, kind: 'room', room: { id: 'r' } }),
  `${JSON.stringify({ ...head, kind: 'room', room: 'r', first: 5 })}\nno JSON\nnull`,
  `${JSON.stringify({ ...head, kind: 'room', room: 'r', first: 5 })}\n[]\nnull`,
  `${JSON.stringify({ ...head, kind: 'room', room: 'r', first: 5 })}\n{"type":"Signal"}`,
  `${JSON.stringify({ ...head, kind: 'room', room: 'r', first: 5 })}\n{"type":"Signal"}\nnull`,
  `${JSON.stringify({ ...head, kind: 'room', room: 'r', first: 5 })}\n{"type":"Signal"}\n{"id":7}\nnull`,
  `${JSON.stringify({ ...head, kind: 'room', room: 'r', first: 5 })}\n{"type":"Signal"}\n7\nnull`,
  `${JSON.stringify({ ...head, kind: 'room', room: 'r', first: 5 })}\nnull\n{"id":"p"}\nnull`,
  `${JSON.stringify({ ...head, kind: 'room', room: 'r' })}\n{"type":"Signal"}\n{"id":"p"}\nnull`,
];

describe('toDispatch', () => {
  test.each(malformed)('%j is no dispatch', (text) => {
    expect(toDispatch(text)).toBeUndefined();
  });

  test('a dispatch is one', () => {
    expect(toDispatch(JSON.stringify({ ...head, kind: 'beat' }))).toEqual({
      ...head,
      kind: 'beat',
      batch: [],
    });
  });
});

it('G10: a node ignores what is no dispatch on its channel, logs it at most once a second, and misses nothing', async () => {
  const redis = new Redis(inject('redisUrl'));
  onTestFinished(() => redis.disconnect());
  const prefix = freshPrefix();
  const lines: string[] = [];
  const hub = hubAt(inject('redisUrl'), { prefix, log: (line) => lines.push(line) });
  onTestFinished(() => hub.close());
  await hub.start();
  const [ann, ben] = [new TestPeer([hub, hub], 'ann'), new TestPeer([hub, hub], 'ben')];
  for (const peer of [ann, ben]) {
    await peer.open();
    await peer.join('r');
  }
  const [node = ''] = await redis.zrange(`{${prefix}}:nodes`, '0', '-1');
  const channel = `{${prefix}}:node:${node}`;
  const sent: string[] = [];
  for (const text of malformed) {
    expect(await redis.publish(channel, text)).toBe(1);
    sent.push((await ann.relay('r', ben, 'm')).cursor);
  }
  // A dispatch that is lost, as one that got damaged would be.
  await redis.hincrby(channel, 'n', 1);
  sent.push((await ann.relay('r', ben, 'after a hole')).cursor);
  await ben.next((entry) => entry.cursor === sent.at(-1));
  const signals = ben.seen.filter((entry) => entry.type === 'Signal');
  expect(signals.map(({ cursor }) => cursor)).toEqual(sent);

  const said = () =>
    lines.map((line) => JSON.parse(line)).filter(({ msg }) => String(msg).includes('is no dispatch'));
  const counted = () => said().reduce((sum, { count }) => sum + count, 0);
  await until(() => counted() === malformed.length, 'all are counted');
  expect(said().length).toBeLessThanOrEqual(3);
});
