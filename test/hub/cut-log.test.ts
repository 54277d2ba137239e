import { type Logger, pino } from 'pino';
import { describe, expect, inject, it, onTestFinished } from 'vitest';
import { backlogBounds } from '../../src/hub/bounds.ts';
import { CutLog } from '../../src/hub/cut-log.ts';
import type { Hub } from '../../src/hub/hub.ts';
import { MemoryHub } from '../../src/hub/memory/hub.ts';
import { RedisHub } from '../../src/hub/redis/hub.ts';
import { freshPrefix } from '../support/redis.ts';
import { until } from '../support/until.ts';
import { payload } from './peer.ts';
import { defaultOptions } from './support.ts';

interface Line {
  readonly level: number;
  readonly msg: string;
  readonly peer?: string;
  readonly reason?: string;
  readonly streams?: number;
}

const [debug, info] = [pino.levels.values.debug, pino.levels.values.info];

/** A log, and the lines in it that are about cuts. */
function recording() {
  const lines: Line[] = [];
  const log = pino(
    { level: 'debug', base: null, timestamp: false },
    { write: (text) => keep(JSON.parse(text)) },
  );
  const keep = ({ node: _, ...line }: Line & { readonly node?: string }) => {
    if (/^streams? cut$/.test(line.msg)) lines.push(line);
  };
  return { lines, log };
}

const cut = (peer: string, reason: string, level = debug) => ({ level, msg: 'stream cut', peer, reason });

describe('CutLog', () => {
  it('a cut at the backlog is a line at info; other cuts are lines at debug, and their number is one line at info, without cuts for age', () => {
    const { lines, log } = recording();
    const cuts = new CutLog(log);
    cuts.add('ann', 'backlog');
    cuts.add('ben', 'hub');
    cuts.add('cat', 'hub');
    cuts.add('dan', undefined);
    cuts.add('eve', 'age');
    expect(lines).toEqual([
      cut('ann', 'backlog', info),
      cut('ben', 'hub'),
      cut('cat', 'hub'),
      cut('eve', 'age'),
    ]);
    cuts.summarize();
    cuts.summarize();
    expect(lines.slice(4)).toEqual([{ level: info, msg: 'streams cut', reason: 'hub', streams: 2 }]);
  });
});

const hubs: [string, (log: Logger) => Hub][] = [
  ['MemoryHub', (log) => new MemoryHub({ ...defaultOptions, log })],
  [
    'RedisHub',
    (log) => new RedisHub({ ...defaultOptions, log, url: inject('redisUrl'), prefix: freshPrefix() }),
  ],
];

describe.each(hubs)('%s', (_name, make) => {
  it('G8: a hub logs the cut of a stream that is not read, and no other end of a stream', async () => {
    const { lines, log } = recording();
    const hub = make(log);
    onTestFinished(() => hub.close());
    await hub.start();
    for (const id of ['ann', 'ben']) {
      await hub.open({ id, username: id, guest: false });
      await hub.joinRoom(id, 'r', payload(null));
    }
    const data = payload('x'.repeat(backlogBounds.maxBytes));
    await until(async () => {
      await hub.relay('ann', 'r', 'ben', 'large', data);
      return lines.length > 0;
    }, 'a cut is logged');
    expect(lines).toEqual([cut('ben', 'backlog', info)]);
    const again = await hub.open({ id: 'ben', username: 'ben', guest: false });
    await again.return();
    expect(lines).toHaveLength(1);
  });

  it('G11: a hub logs how many streams its drain cut', async () => {
    const { lines, log } = recording();
    const hub = make(log);
    onTestFinished(() => hub.close());
    await hub.start();
    for (const id of ['ann', 'ben', 'cat']) await hub.open({ id, username: id, guest: false });
    await hub.drain(0);
    await hub.close();
    expect(lines).toEqual([
      ...['ann', 'ben', 'cat'].map((id) => cut(id, 'shutdown')),
      { level: info, msg: 'streams cut', reason: 'shutdown', streams: 3 },
    ]);
  });
});
