import { describe, expect, it } from 'vitest';
import type { Dispatch } from '../../src/hub/redis/scripts/dispatch.ts';
import { LocalStream } from '../../src/hub/redis/streams/local-stream.ts';
import { RoomIndex } from '../../src/hub/redis/streams/room-index.ts';
import { payload } from './peer.ts';

describe('LocalStream', () => {
  const peer = { id: 'vic', username: 'vic', guest: false };
  const signal = (n: number): Dispatch => ({
    n,
    run: '',
    newest: n,
    kind: 'peer',
    stream: 'it',
    batch: [
      {
        entry: { type: 'Signal', cursor: `${n}`, roomId: 'r', peer, event: 'm', data: payload(n) },
        bytes: 1,
      },
    ],
  });
  const snapshot = (n: number, ...missed: number[]) => ({
    n,
    rooms: [],
    missed: missed.flatMap((each) => {
      const { kind, batch } = { ...signal(each), kind: 'peer' as const } as Extract<
        Dispatch,
        { kind: 'peer' }
      >;
      return kind === 'peer' ? [...batch] : [];
    }),
  });
  const open = () => {
    const local = new LocalStream('it', 'vic', new RoomIndex<LocalStream>(), () => undefined);
    local.settle(snapshot(1), false, {
      type: 'Connected',
      cursor: '1',
      peer,
      resumed: false,
      rooms: [],
    });
    return local;
  };
  const cursorsOf = async (local: LocalStream, count: number) => {
    const cursors: string[] = [];
    for (let i = 0; i < count; i++) cursors.push((await local.stream.next()).value?.cursor ?? '');
    return cursors;
  };

  it('G3: after a gap, a stream takes the missed dispatches from the next snapshot, and later ones behind them', async () => {
    const local = open();
    local.hold();
    // Dispatch 4 is lost and 5 arrives while the snapshot of 3 is on its way.
    local.take(signal(5));
    local.settle(snapshot(3, 2, 3), true);
    expect(local.waiting, 'the stream needs another snapshot').toBe(true);
    local.settle(snapshot(5, 4, 5), false);
    local.take(signal(6));
    expect(await cursorsOf(local, 6)).toEqual(['1', '2', '3', '4', '5', '6']);
  });

  it('G3: a stream takes an entry once if both a snapshot and a dispatch bring it', async () => {
    const local = open();
    local.hold();
    for (const n of [2, 3, 4]) local.take(signal(n));
    local.settle(snapshot(3, 2, 3), false);
    local.take(signal(5));
    expect(await cursorsOf(local, 5)).toEqual(['1', '2', '3', '4', '5']);
  });

  it('a closed stream is in no room, even if dispatches and a snapshot still arrive', async () => {
    const index = new RoomIndex<LocalStream>();
    const local = new LocalStream('it', 'vic', index, () => undefined);
    local.take({ n: 2, run: '', newest: 2, kind: 'disowned' });
    local.take({ n: 3, run: '', newest: 3, kind: 'joined', stream: 'it', room: 'r', batch: [] });
    local.settle(snapshot(1), false);
    expect(local.stream.closed).toBe(true);
    expect(index.streamsIn('r').size).toBe(0);
  });
});
