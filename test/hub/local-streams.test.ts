import { expect, it } from 'vitest';
import type { Connected, SizedEntry } from '../../src/hub/hub.ts';
import type { Dispatch } from '../../src/hub/redis/scripts/dispatch.ts';
import type { LocalStream } from '../../src/hub/redis/streams/local-stream.ts';
import { LocalStreams } from '../../src/hub/redis/streams/local-streams.ts';
import { JsonText } from '../../src/json-text.ts';

function entry(cursor: string): SizedEntry {
  const peer = { id: 'ben', username: 'ben', guest: false };
  return { entry: { type: 'Signal', cursor, roomId: 'r', peer, event: 'm', data: JsonText.null }, bytes: 1 };
}

function dispatchTo({ name }: LocalStream, n: number, cursor: string): Dispatch {
  return { kind: 'peer', stream: name, batch: [entry(cursor)], n, run: 'a', newest: 0 };
}

function beat(n: number): Dispatch {
  return { kind: 'beat', n, run: 'a', newest: 0 };
}

/** Opens a stream that has everything up to dispatch 1. */
function open(streams: LocalStreams): LocalStream {
  const local = streams.admit('ann');
  const peer = { id: 'ann', username: 'ann', guest: false };
  const connected: Connected = { type: 'Connected', cursor: '10', peer, resumed: false, rooms: [] };
  streams.begin(local).settle({ n: 1, rooms: [], missed: [] }, connected);
  return local;
}

/** Reads the stream up to the cursor `last`, and returns the cursors of its messages. */
async function cursorsUpTo(last: string, { stream }: LocalStream): Promise<string[]> {
  const cursors: string[] = [];
  for await (const { cursor } of stream) {
    cursors.push(cursor);
    if (cursor === last) break;
  }
  return cursors;
}

it('G3: a gap in the dispatch numbers holds back later entries until a snapshot fills it', async () => {
  const streams = new LocalStreams('node', () => undefined);
  const local = open(streams);
  expect(streams.receive(beat(1))).toBe(false);
  expect(streams.receive(dispatchTo(local, 2, '12'))).toBe(false);
  expect(streams.receive(dispatchTo(local, 4, '14')), 'dispatch 3 is missing').toBe(true);
  expect(streams.waiting).toEqual([local]);
  expect(streams.receive(dispatchTo(local, 5, '15'))).toBe(false);
  const snapshot = { n: 4, rooms: [], missed: [entry('13'), entry('14')] };
  expect(streams.begin(local).settle(snapshot)).toBe(true);
  expect(streams.waiting).toEqual([]);
  expect(streams.receive(dispatchTo(local, 6, '16'))).toBe(false);
  expect(await cursorsUpTo('16', local)).toEqual(['10', '12', '13', '14', '15', '16']);
});

it('G3: a snapshot requested before a second gap appears does not end the wait', async () => {
  const streams = new LocalStreams('node', () => undefined);
  const local = open(streams);
  streams.receive(dispatchTo(local, 3, '13'));
  const ticket = streams.begin(local);
  expect(streams.receive(dispatchTo(local, 5, '15'))).toBe(true);
  expect(ticket.settle({ n: 3, rooms: [], missed: [entry('12'), entry('13')] })).toBe(false);
  const snapshot = { n: 5, rooms: [], missed: [entry('14'), entry('15')] };
  expect(streams.begin(local).settle(snapshot)).toBe(true);
  expect(await cursorsUpTo('15', local)).toEqual(['10', '12', '13', '14', '15']);
});
