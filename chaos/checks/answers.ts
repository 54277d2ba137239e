import type { Attempt, Call, ClientHistory, StreamHistory } from '../history.ts';
import type { Life, Timeline } from '../timeline.ts';
import { type Check, ofAttempt, ofCall, type Violation, violation } from '../violation.ts';
import { outages } from './resumes.ts';

/** A call is answered in 2 s (G10), whatever Redis does, and some more where processes wait for their turn. */
const answerMs = 2500;
/** So long after something was done to Redis, or to itself, a node may still have to refuse. */
const refusalMs = 1500;

/**
 * G10. Calls are answered in time. A node refuses calls and streams, or cuts a stream, only where something was done
 * to it or to Redis; and a stream is refused with REPLACED only where its client has opened another (G5).
 */
export const answers: Check = (timeline) => [
  ...timeline.history.clients.flatMap((client) => [
    ...client.calls.flatMap((call) => ofCalls(timeline, call)),
    ...client.attempts.flatMap((attempt) => refused(timeline, client, attempt)),
  ]),
  ...timeline.lives.flatMap((life) => life.session.streams.flatMap((stream) => cut(timeline, life, stream))),
];

function ofCalls(timeline: Timeline, call: Call): Violation[] {
  const { node, startedAt, endedAt, outcome, code } = call;
  if (outcome === 'not sent' || !Number.isFinite(endedAt)) return [];
  const complain = (guarantee: string, what: string) => [
    violation(guarantee, what, startedAt, ofCall(undefined, call)),
  ];
  const isLate = endedAt - startedAt > answerMs + timeline.history.lagMs;
  if (isLate && !timeline.hasTouched([node], startedAt, endedAt)) {
    return complain('G10', 'a call was not answered in time');
  }
  if (code === 'UNAVAILABLE' && !isExcused(timeline, node, startedAt, endedAt)) {
    return complain('G10', 'a call was refused without a cause');
  }
  if (isWronglyQueued(timeline, call)) {
    return complain('API', 'a relay was said to wait, and its receiver was there');
  }
  return [];
}

/** Whether its receiver had a stream all the time, and a while before and after, and nothing was done to anyone. */
function isWronglyQueued(timeline: Timeline, call: Call): boolean {
  const { kind, status, id, to = '', node, startedAt, endedAt } = call;
  if (kind !== 'relay' || status !== 'QUEUED') return false;
  const streams = timeline.lifeAt(to, Number(id))?.session.streams ?? [];
  return streams.some(({ attempt, connectedAt, lifeAt }) => {
    const until = Math.min(lifeAt, attempt.endedAt ?? lifeAt);
    const wasThere = connectedAt < startedAt - refusalMs && endedAt + refusalMs < until;
    const targets = ['redis', node, attempt.node] as const;
    return wasThere && !timeline.hasTouched(targets, startedAt, endedAt, timeline.aftermathMs);
  });
}

function isExcused(timeline: Timeline, node: number, from: number, to: number): boolean {
  return timeline.hasTouched(['redis', node], from, to, refusalMs + 5 * timeline.history.lagMs);
}

function refused(timeline: Timeline, client: ClientHistory, attempt: Attempt): Violation[] {
  const { node, startedAt, endedAt = startedAt, end } = attempt;
  if (end?.how !== 'refused') return [];
  if (end.code === 'REPLACED') {
    if (hasRival(timeline, client, attempt)) return [];
    const what = `${client.name} was refused as replaced, and had opened no other session`;
    return [violation('G5', what, startedAt, ofAttempt(undefined, attempt))];
  }
  if (isExcused(timeline, node, startedAt, endedAt)) return [];
  const what = `a stream of ${client.name} was refused with ${end.code}, without a cause`;
  return [violation('G10', what, startedAt, ofAttempt(undefined, attempt))];
}

/** Whether the client had opened another session than the one that its cursor is of, be it without an answer. */
function hasRival(timeline: Timeline, { attempts, sessions }: ClientHistory, refusedOne: Attempt): boolean {
  const { startedAt, endedAt = startedAt, after } = refusedOne;
  const own = sessions.findLast(
    ({ start, openedBy }) => start <= Number(after) && openedBy.startedAt < startedAt,
  );
  return attempts.some((other) => {
    if (other === refusedOne || other.startedAt > endedAt || other.end?.how === 'not sent') return false;
    if (other.connectedAt !== undefined) {
      return other.after === undefined && other.startedAt > (own?.openedBy.startedAt ?? 0);
    }
    return (
      timeline.attemptSettledBy(other.node, other.endedAt ?? endedAt) >
      (own?.streams.at(-1)?.connectedAt ?? 0)
    );
  });
}

/** A node cuts what it cannot vouch for any more; and a client that has come back has left its old stream. */
function cut(timeline: Timeline, life: Life, { attempt, lifeAt }: StreamHistory): Violation[] {
  const { node, startedAt, endedAt = lifeAt, end } = attempt;
  if (end?.how !== 'cut') return [];
  const moved = life.client.attempts.some(
    (other) => other.startedAt > startedAt && other.startedAt <= endedAt,
  );
  if (moved || timeline.mayHaveLost(lifeAt, endedAt)) return [];
  if (timeline.hasTouched([node], lifeAt, endedAt, timeline.aftermathMs)) return [];
  if (learnsLate(timeline, node, lifeAt, endedAt)) return [];
  return [violation('G10', 'a stream was cut without a cause', endedAt, ofAttempt(life, attempt))];
}

/** Whether the node stood still, and Redis was away when it went on: only then it learns that it was given up. */
function learnsLate(timeline: Timeline, node: number, lifeAt: number, endedAt: number): boolean {
  const { faults } = timeline.history;
  const halts = faults.filter(({ kind, target }) => kind === 'node-stop' && target === node);
  return faults.some((outage) => {
    if (!outages.has(outage.kind) || outage.from > endedAt || timeline.endOf(outage) < lifeAt) return false;
    return halts.some((halt) => halt.from <= outage.from && outage.from <= timeline.endOf(halt));
  });
}
