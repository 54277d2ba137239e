import { expect, it } from 'vitest';
import type { Connected, Entry } from '../../src/hub/hub.ts';
import type { Dispatch, Sized } from '../../src/hub/redis/dispatch.ts';
import type { LocalSession } from '../../src/hub/redis/local-session.ts';
import { Switchboard } from '../../src/hub/redis/switchboard.ts';

function entry(id: string): Sized {
  const peer = { id: 'ben', username: 'ben', state: null };
  return { entry: { type: 'Signal', id, roomId: 'r', peer, event: 'm', data: null } as Entry, bytes: 1 };
}

function dispatchTo({ name }: LocalSession, n: number, id: string): Dispatch {
  return { kind: 'peer', stream: name, batch: [entry(id)], n, run: 'a', newest: 0 };
}

function beat(n: number): Dispatch {
  return { kind: 'beat', n, run: 'a', newest: 0 };
}

/** A session that has all up to dispatch 1. */
function open(board: Switchboard): LocalSession {
  const session = board.admit('ann');
  const peer = { id: 'ann', username: 'ann' };
  const connected: Connected = { type: 'Connected', id: '10', peer, resumed: false, rooms: [] };
  board.settle(session, { n: 1, rooms: [], missed: [] }, board.holes, connected);
  return session;
}

/** The ids of all that its stream brings, up to this one. */
async function idsUpTo(last: string, { stream }: LocalSession): Promise<string[]> {
  const ids: string[] = [];
  for await (const { id } of stream) {
    ids.push(id);
    if (id === last) break;
  }
  return ids;
}

it('G3: a hole in the numbers holds what follows, until a snapshot brings what was missed', async () => {
  const board = new Switchboard('node', () => undefined);
  const session = open(board);
  expect(board.receive(beat(1))).toBe(false);
  expect(board.receive(dispatchTo(session, 2, '12'))).toBe(false);
  expect(board.receive(dispatchTo(session, 4, '14')), 'the third is missing').toBe(true);
  expect(board.waiting).toEqual([session]);
  expect(board.receive(dispatchTo(session, 5, '15'))).toBe(false);
  const snapshot = { n: 4, rooms: [], missed: [entry('13'), entry('14')] };
  expect(board.settle(session, snapshot, board.holes)).toBe(false);
  expect(board.waiting).toEqual([]);
  expect(board.receive(dispatchTo(session, 6, '16'))).toBe(false);
  expect(await idsUpTo('16', session)).toEqual(['10', '12', '13', '14', '15', '16']);
});

it('G3: a snapshot that was asked for before a hole showed is not enough', async () => {
  const board = new Switchboard('node', () => undefined);
  const session = open(board);
  board.receive(dispatchTo(session, 3, '13'));
  const { holes } = board;
  expect(board.receive(dispatchTo(session, 5, '15'))).toBe(true);
  expect(board.settle(session, { n: 3, rooms: [], missed: [entry('12'), entry('13')] }, holes)).toBe(true);
  const snapshot = { n: 5, rooms: [], missed: [entry('14'), entry('15')] };
  expect(board.settle(session, snapshot, board.holes)).toBe(false);
  expect(await idsUpTo('15', session)).toEqual(['10', '12', '13', '14', '15']);
});
