import { expect, it, onTestFinished, vi } from 'vitest';
import { Backlogs } from '../../src/hub/backlogs.ts';
import { logBounds } from '../../src/hub/bounds.ts';
import type { Connected, SizedEntry } from '../../src/hub/hub.ts';
import { MemoryHub } from '../../src/hub/memory/hub.ts';
import type { Dispatch } from '../../src/hub/redis/scripts/dispatch.ts';
import { LocalStreams } from '../../src/hub/redis/streams/local-streams.ts';
import { isCut, Stream } from '../../src/hub/stream.ts';
import { payload } from './peer.ts';
import { defaultOptions } from './support.ts';

const KiB = 1024;
const ben = { id: 'ben', username: 'ben', guest: false };

function entry(cursor: number, bytes: number): SizedEntry {
  const data = payload(null);
  return {
    entry: { type: 'Signal', cursor: String(cursor), roomId: 'r', peer: ben, event: 'm', data },
    bytes,
  };
}

it('G8: above the bound of all backlogs, the streams with most are cut, and the others keep all that waits', async () => {
  const backlogs = new Backlogs(100 * KiB);
  const open = () => new Stream(() => undefined, logBounds, backlogs);
  const [small, ...large] = [open(), open(), open(), open()];
  small.push([entry(1, 5 * KiB), entry(2, 5 * KiB)]);
  for (let n = 0; n < 3; n++) {
    for (const stream of large) stream.push([entry(10 + n, 10 * KiB)]);
  }
  expect(large.filter(({ closed }) => closed)).toHaveLength(1);
  expect(backlogs.bytes).toBeLessThan(100 * KiB);
  expect(small.closed).toBe(false);
  expect((await small.next()).value?.cursor).toBe('1');
  const [victim] = large.filter(({ closed }) => closed);
  await expect(victim?.next()).rejects.toSatisfy(isCut);
  for (const stream of [small, ...large]) await stream.return();
  expect(backlogs.bytes, 'nothing waits any more').toBe(0);
});

it('G8: what waits for many streams counts once, until the last of them has taken it', async () => {
  const backlogs = new Backlogs(100 * KiB);
  const streams = Array.from({ length: 50 }, () => new Stream(() => undefined, logBounds, backlogs));
  const shared = entry(1, 50 * KiB);
  for (const stream of streams) stream.push([shared]);
  expect(backlogs.bytes).toBeLessThan(60 * KiB);
  for (const stream of streams) {
    expect(backlogs.bytes).toBeGreaterThan(50 * KiB);
    expect((await stream.next()).value?.cursor).toBe('1');
  }
  expect(backlogs.bytes).toBe(0);
});

it('G8: dispatches that wait for snapshots count: the bound holds while Redis does not answer', () => {
  const cut = vi.fn();
  const backlogs = new Backlogs(100 * KiB);
  const streams = new LocalStreams('node', (_stream, reason) => cut(reason), backlogs);
  const locals = ['ann', 'cat', 'dan'].map((peerId) => streams.admit(peerId));
  let n = 0;
  const send = (stream: string): Dispatch => {
    n += 1;
    return { kind: 'peer', stream, batch: [entry(n, 10 * KiB)], n, run: 'a', newest: 0 };
  };
  for (let i = 0; i < 30; i++) {
    for (const { name } of locals.slice(0, 2)) streams.receive(send(name));
    expect(backlogs.bytes).toBeLessThanOrEqual(100 * KiB);
  }
  expect(cut.mock.calls).toEqual([['backlog'], ['backlog']]);
  expect(streams.size, 'nothing waits for this one').toBe(1);
  for (let i = 0; i < 5; i++)
    streams.receive({ kind: 'room', room: 'r', batch: [entry(++n, KiB)], n, run: 'a', newest: 0 });
  expect(backlogs.bytes).toBeGreaterThan(5 * KiB);
  const opening: Connected = { type: 'Connected', cursor: '1', peer: ben, resumed: false, rooms: [] };
  for (const local of locals) streams.begin(local).settle({ n, rooms: [], missed: [] }, opening);
  expect(backlogs.bytes, 'only Connected waits').toBeLessThan(KiB);
});

it('G3, G8: in memory, a stream that is cut because all backlogs are full resumes, and misses nothing', async () => {
  const MiB = 1024 * KiB;
  const hub = new MemoryHub(defaultOptions, 256 * MiB, 256 * MiB, 2 * MiB);
  await hub.start();
  onTestFinished(() => hub.close());
  const open = (id: string, after?: string) => hub.open({ id, username: id, guest: true }, after);
  const ids = Array.from({ length: 8 }, (_, i) => `p${i}`);
  const streams = new Map(await Promise.all(ids.map(async (id) => [id, await open(id)] as const)));
  await (await open('sender')).next();
  for (const id of [...ids, 'sender']) await hub.joinRoom(id, 'r', payload(null));
  const cursors = new Map<string, string>();
  for (const [id, stream] of streams) cursors.set(id, (await stream.next()).value?.cursor ?? '');
  // Nobody reads. Half a megabyte for each is within the bound of one, and twice that of all.
  for (let n = 0; n < 8; n++) {
    for (const id of ids) await hub.relay('sender', 'r', id, 'm', payload(`${n} ${'x'.repeat(64_000)}`));
  }
  const cut = ids.filter((id) => streams.get(id)?.closed);
  expect(cut.length).toBeGreaterThanOrEqual(4);
  expect(cut.length).toBeLessThan(8);
  const [first = ''] = cut;
  const again = await open(first, cursors.get(first));
  expect((await again.next()).value).toMatchObject({ resumed: true });
  const heard: string[] = [];
  while (heard.length < 8) {
    const { value } = await again.next();
    if (value?.type === 'Signal') heard.push(value.data.text.slice(1, 2));
  }
  expect(heard.join('')).toBe('01234567');
});
