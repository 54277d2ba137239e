import { beforeAll, describe, expect, test } from 'vitest';
import { runChaos } from '../chaos/chaos.ts';
import type { Arrival, Calm, History, Load } from '../chaos/history.ts';
import { judge } from '../chaos/judge.ts';
import { Random } from '../chaos/random.ts';
import { report } from '../chaos/report.ts';
import { schedule } from '../chaos/schedule.ts';
import type { Room } from './support/client.ts';

const seed = 7;
/** A run starts a Redis and three nodes, and afterwards waits for two grace periods. */
const runLimitMs = 150_000;

let history: History;
beforeAll(async () => {
  history = await runChaos({ seed, seconds: 20, clients: 30 });
}, runLimitMs);

test('G1–G6, G10, G11: while nodes and Redis die, stand still and come back, every guarantee holds', () => {
  const violations = judge(history);
  expect(violations, report(seed, history, violations)).toEqual([]);
  // It was no idle run.
  const resumed = streamsOf(history).filter(({ connected }) => connected.resumed);
  expect(history.faults.length).toBeGreaterThan(6);
  expect(resumed.length).toBeGreaterThan(20);
  expect(streamsOf(history).flatMap(({ arrivals }) => arrivals).length).toBeGreaterThan(1000);
});

/** What the judge says of the same run, had one thing in it been otherwise. */
function judged(tamper: (other: History) => void): ReadonlySet<string> {
  const other = structuredClone(history);
  tamper(other);
  return new Set(judge(other).map(({ guarantee }) => guarantee));
}

function streamsOf({ clients }: History) {
  return clients.flatMap(({ sessions }) => sessions.flatMap(({ streams }) => streams));
}

/** The first arrival that fits, and that others follow on its stream; and where it is. */
function find(other: History, fits: (arrival: Arrival) => boolean): { arrivals: Arrival[]; i: number } {
  for (const { arrivals } of streamsOf(other)) {
    const i = arrivals.slice(0, -1).findIndex(fits);
    if (i >= 0) return { arrivals, i };
  }
  throw new Error('No such thing came in this run.');
}

/** The same, where it came as an acknowledged relay. */
function findRelay(other: History): { arrivals: Arrival[]; i: number } {
  const receipts = other.clients.flatMap(({ calls }) => calls.flatMap(({ id }) => id ?? []));
  const acknowledged = new Set(receipts);
  return find(other, ({ id, message }) => {
    const directed = message.__typename === 'Signal' && (message.data as Load).to !== undefined;
    return directed && acknowledged.has(id);
  });
}

/** The first that was told to wait for the offer of one who joined, and whom that one was told to make it. */
function findMeeting(other: History): { arrivals: Arrival[]; i: number } {
  const told = other.clients.flatMap(({ id: peerId, sessions }) =>
    sessions.flatMap(({ streams }) =>
      streams.flatMap(({ arrivals }) => arrivals.map((arrival, i) => ({ peerId, arrivals, i, ...arrival }))),
    ),
  );
  const met = told.find(({ peerId, id, message }) => {
    if (message.__typename !== 'PeerAdded' || message.offer) return false;
    return told.some(({ peerId: joiner, id: theirId, message: theirs }) => {
      if (joiner !== message.peer.id || theirs.__typename !== 'PeerAdded' || !theirs.offer) return false;
      // The entries of one join have ids in a row.
      const sameJoin = id < theirId && theirId < id + 1000;
      return sameJoin && theirs.roomId === message.roomId && theirs.peer.id === peerId;
    });
  });
  if (!met) throw new Error('Nobody met anybody in this run.');
  return met;
}

function change(arrivals: Arrival[], i: number, change: Readonly<Record<string, unknown>>): void {
  const arrival = arrivals[i];
  if (!arrival) throw new Error('There is one.');
  arrivals[i] = { ...arrival, message: { ...arrival.message, ...change } as Arrival['message'] };
}

function calmOf({ calm }: History): Calm {
  if (!calm) throw new Error('The run became calm.');
  return calm;
}

describe('the judge', () => {
  test('G1: finds a pair of which both were told to offer', () => {
    const found = judged((other) => {
      const { arrivals, i } = findMeeting(other);
      change(arrivals, i, { offer: true });
    });
    expect(found).toContain('G1');
  });

  test('G2: finds two entries that came in the wrong order', () => {
    const found = judged((other) => {
      const { arrivals, i } = findRelay(other);
      arrivals.splice(i, 2, ...arrivals.slice(i, i + 2).reverse());
    });
    expect(found).toContain('G2');
  });

  test('G3: finds one message that was acknowledged and did not come', () => {
    const found = judged((other) => {
      const { arrivals, i } = findRelay(other);
      arrivals.splice(i, 1);
    });
    expect(found).toContain('G3');
  });

  test('G3: finds one message that came twice', () => {
    const found = judged((other) => {
      const { arrivals, i } = findRelay(other);
      arrivals.splice(i, 0, ...arrivals.slice(i, i + 1));
    });
    expect(found).toContain('G3');
  });

  test('G3: finds a room that a member was not told of on coming back', () => {
    const found = judged((other) => {
      for (const { connected } of streamsOf(other)) (connected.rooms as Room[]).pop();
    });
    expect(found).toContain('G3');
  });

  test('G4: finds peers that were announced as disconnected, and had left', () => {
    // All of them: one may have been away for so long that it could be true of it.
    const found = judged((other) => {
      for (const { arrivals } of streamsOf(other)) {
        for (const [i, { message }] of arrivals.entries()) {
          if (message.__typename === 'PeerRemoved' && message.reason === 'LEFT') {
            change(arrivals, i, { reason: 'DISCONNECTED' });
          }
        }
      }
    });
    expect(found).toContain('G4');
  });

  test('G4: finds a ghost in a room', () => {
    const found = judged((other) => {
      const [members] = calmOf(other).stored.values();
      (members as Map<string, string>).set('nobody', 'null');
    });
    expect(found).toContain('G4');
  });

  test('G5: finds streams that were replaced, and whose clients had opened no other', () => {
    const found = judged((other) => {
      for (const { attempt } of streamsOf(other)) {
        if (attempt.end?.how === 'dropped') attempt.end = { how: 'complete', code: 'REPLACED' };
      }
    });
    expect(found).toContain('G5');
  });

  test('G10: finds a call that was refused, though nothing was done to anyone', () => {
    const found = judged((other) => {
      const [call] = other.clients.flatMap(({ calls }) => calls).sort((a, b) => a.startedAt - b.startedAt);
      if (!call) throw new Error('Nobody called in this run.');
      Object.assign(call, { outcome: 'unknown', code: 'UNAVAILABLE' });
    });
    expect(found).toContain('G10');
  });

  test('G6: finds a message that was for another', () => {
    const found = judged((other) => {
      const { arrivals, i } = findRelay(other);
      const { message } = arrivals[i] as Arrival;
      if (message.__typename !== 'Signal') throw new Error('A relay comes as a Signal.');
      change(arrivals, i, { data: { ...(message.data as Load), to: 'another' } });
    });
    expect(found).toContain('G6');
  });
});

test('a schedule is a pure function of the seed, and leaves one node alone at any time', () => {
  const options = { durationMs: 60_000, nodes: 3, replicated: false };
  const faults = schedule(new Random(seed), options);
  expect(schedule(new Random(seed), options)).toEqual(faults);
  expect(schedule(new Random(seed + 1), options)).not.toEqual(faults);
  expect(new Set(faults.map(({ kind }) => kind)).size).toBeGreaterThanOrEqual(7);
  for (const { at } of faults) {
    const hit = faults.filter((fault) => 'node' in fault && fault.at <= at && at <= fault.at + fault.forMs);
    expect(hit.length).toBeLessThan(options.nodes);
  }
});
