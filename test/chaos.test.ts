import { beforeAll, describe, expect, test } from 'vitest';
import { runChaos } from '../chaos/chaos.ts';
import type { Arrival, Calm, History, Load } from '../chaos/history.ts';
import { judge } from '../chaos/judge.ts';
import { Random } from '../chaos/random.ts';
import { report } from '../chaos/report.ts';
import { schedule } from '../chaos/schedule.ts';
import type { Room } from './support/client.ts';

const seed = 7;
/** A run starts a Redis and three nodes, lasts 20 s, and then waits for two grace periods. */
const runLimitMs = 150_000;

let history: History;
beforeAll(async () => {
  history = await runChaos({ seed, seconds: 20, clients: 30 });
}, runLimitMs);

test('G1–G6, G10, G11: a chaos run in which nodes and Redis are killed, halted and restarted breaks no guarantee', () => {
  const violations = judge(history);
  expect(violations, report(seed, history, violations)).toEqual([]);
  // The run had enough faults, resumes and messages to mean something.
  const resumed = streamsOf(history).filter(({ connected }) => connected.resumed);
  expect(history.faults.length).toBeGreaterThan(6);
  expect(resumed.length).toBeGreaterThan(20);
  expect(streamsOf(history).flatMap(({ arrivals }) => arrivals).length).toBeGreaterThan(1000);
});

/** Changes a copy of the history, and returns the guarantees that the judge then finds broken. */
function judged(tamper: (other: History) => void): ReadonlySet<string> {
  const other = structuredClone(history);
  tamper(other);
  return new Set(judge(other).map(({ guarantee }) => guarantee));
}

function streamsOf({ clients }: History) {
  return clients.flatMap(({ sessions }) => sessions.flatMap(({ streams }) => streams));
}

/** The first arrival that fits and is not the last on its stream, by its stream's arrivals and its index. */
function find(other: History, fits: (arrival: Arrival) => boolean): { arrivals: Arrival[]; i: number } {
  for (const { arrivals } of streamsOf(other)) {
    const i = arrivals.slice(0, -1).findIndex(fits);
    if (i >= 0) return { arrivals, i };
  }
  throw new Error('No arrival of this run fits.');
}

/** The first arrival of an acknowledged relay. */
function findRelay(other: History): { arrivals: Arrival[]; i: number } {
  const receipts = other.clients.flatMap(({ calls }) => calls.flatMap(({ cursor }) => cursor ?? []));
  const acknowledged = new Set(receipts);
  return find(other, ({ cursor, message }) => {
    const directed = message.__typename === 'Signal' && (message.data as Load).to !== undefined;
    return directed && acknowledged.has(cursor);
  });
}

/** The first `PeerAdded(offer: false)` whose joiner got `PeerAdded(offer: true)` for the same pair and join. */
function findMeeting(other: History): { arrivals: Arrival[]; i: number } {
  const told = other.clients.flatMap(({ id: peerId, sessions }) =>
    sessions.flatMap(({ streams }) =>
      streams.flatMap(({ arrivals }) => arrivals.map((arrival, i) => ({ peerId, arrivals, i, ...arrival }))),
    ),
  );
  const met = told.find(({ peerId, cursor, message }) => {
    if (message.__typename !== 'PeerAdded' || message.offer) return false;
    return told.some(({ peerId: joiner, cursor: theirCursor, message: theirs }) => {
      if (joiner !== message.peer.id || theirs.__typename !== 'PeerAdded' || !theirs.offer) return false;
      // The cursors of one join's entries follow one another.
      const sameJoin = cursor < theirCursor && theirCursor < cursor + 1000;
      return sameJoin && theirs.roomId === message.roomId && theirs.peer.id === peerId;
    });
  });
  if (!met) throw new Error('No two peers met in this run.');
  return met;
}

function change(arrivals: Arrival[], i: number, change: Readonly<Record<string, unknown>>): void {
  const arrival = arrivals[i];
  if (!arrival) throw new Error('There is no arrival at this index.');
  arrivals[i] = { ...arrival, message: { ...arrival.message, ...change } as Arrival['message'] };
}

function calmOf({ calm }: History): Calm {
  if (!calm) throw new Error('The run did not become calm.');
  return calm;
}

describe('the judge', () => {
  test('G1: the judge finds a pair whose peers were both told to offer', () => {
    const found = judged((other) => {
      const { arrivals, i } = findMeeting(other);
      change(arrivals, i, { offer: true });
    });
    expect(found).toContain('G1');
  });

  test('G2: the judge finds two entries in the wrong order', () => {
    const found = judged((other) => {
      const { arrivals, i } = findRelay(other);
      arrivals.splice(i, 2, ...arrivals.slice(i, i + 2).reverse());
    });
    expect(found).toContain('G2');
  });

  test('G2: the judge finds a failed call that took effect after a later one', () => {
    const found = judged((other) => {
      const arrived = new Set(
        streamsOf(other).flatMap(({ arrivals }) => arrivals.map(({ cursor }) => cursor)),
      );
      const pairs = other.clients.flatMap(({ calls }) => {
        const sent = calls.filter(({ cursor }) => cursor !== undefined && arrived.has(cursor));
        return sent.length > 1 ? [sent.slice(0, 2)] : [];
      });
      for (const [earlier, later] of pairs) {
        if (!earlier || !later) continue;
        // The later one had been called before, and had failed.
        const calls = other.clients.find((client) => client.calls.includes(later))?.calls ?? [];
        calls.splice(calls.indexOf(later), 1);
        calls.splice(calls.indexOf(earlier), 0, later);
        Object.assign(later, { outcome: 'unknown', code: 'UNAVAILABLE', cursor: undefined });
        Object.assign(later, { startedAt: earlier.startedAt - 20, endedAt: earlier.startedAt - 10 });
      }
    });
    expect(found).toContain('G2');
  });

  test('G10: the judge finds a stream that a node held although it alone had lost Redis', () => {
    const other = structuredClone(history);
    const long = streamsOf(other).find(({ connectedAt, attempt }) => {
      const { endedAt = connectedAt } = attempt;
      return endedAt - connectedAt > 8000;
    });
    if (!long) throw new Error('No stream of this run lasted for 8 seconds.');
    const from = long.connectedAt + 1100;
    const { node } = long.attempt;
    other.faults.splice(0, other.faults.length, { kind: 'line-cut', target: node, from, to: from + 6500 });
    other.lagMs = 0;
    const summaries = judge(other).map(({ summary }) => summary);
    expect(summaries.filter((summary) => summary.includes('alone had lost Redis'))).not.toEqual([]);
  });

  test('G3: the judge finds an acknowledged message that did not arrive', () => {
    const found = judged((other) => {
      const { arrivals, i } = findRelay(other);
      arrivals.splice(i, 1);
    });
    expect(found).toContain('G3');
  });

  test('G3: the judge finds a message that arrived twice', () => {
    const found = judged((other) => {
      const { arrivals, i } = findRelay(other);
      arrivals.splice(i, 0, ...arrivals.slice(i, i + 1));
    });
    expect(found).toContain('G3');
  });

  test('G3: the judge finds a room that is missing in a resumed Connected', () => {
    const found = judged((other) => {
      for (const { connected } of streamsOf(other)) (connected.rooms as Room[]).pop();
    });
    expect(found).toContain('G3');
  });

  test('G4: the judge finds peers that left and were announced as disconnected', () => {
    // Change all of them: a single peer may have been away long enough for the announcement to be right.
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

  test('G4: the judge finds a room with a member that no client has', () => {
    const found = judged((other) => {
      const [members] = calmOf(other).stored.values();
      (members as Map<string, string>).set('ghost', 'null');
    });
    expect(found).toContain('G4');
  });

  test('G5: the judge finds replaced streams whose clients opened no other', () => {
    const found = judged((other) => {
      for (const { attempt } of streamsOf(other)) {
        if (attempt.end?.how === 'dropped') attempt.end = { how: 'complete', code: 'REPLACED' };
      }
    });
    expect(found).toContain('G5');
  });

  test('G10: the judge finds a call that was refused before the first fault', () => {
    const found = judged((other) => {
      const [call] = other.clients.flatMap(({ calls }) => calls).sort((a, b) => a.startedAt - b.startedAt);
      if (!call) throw new Error('No client made a call in this run.');
      Object.assign(call, { outcome: 'unknown', code: 'UNAVAILABLE' });
    });
    expect(found).toContain('G10');
  });

  test('G6: the judge finds a message that arrived at the wrong peer', () => {
    const found = judged((other) => {
      const { arrivals, i } = findRelay(other);
      const { message } = arrivals[i] as Arrival;
      if (message.__typename !== 'Signal') throw new Error('The relay did not arrive as a Signal.');
      change(arrivals, i, { data: { ...(message.data as Load), to: 'another' } });
    });
    expect(found).toContain('G6');
  });
});

test('a schedule of faults depends only on its seed, and leaves at least one node without fault at any time', () => {
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
