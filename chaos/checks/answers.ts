import type { Attempt, Call, ClientHistory, StreamHistory } from '../history.ts';
import type { JudgedSession, Timeline } from '../timeline.ts';
import { attemptEvent, type Check, callEvent, type Violation, violation } from '../violation.ts';
import { outages, silencesNode } from './resumes.ts';

/** Every call is answered within 2 s (G10). The rest allows for a busy machine. */
const answerMs = 2500;
/** A node may refuse requests for this long after a fault of Redis or of its own. */
const refusalMs = 2500;
/** A node that alone has lost Redis notices in time for its clients to come back within their grace periods. */
const heldMarginMs = 500;
/** After this time, the others have heard of a node that was away. */
const knownMs = 2000;
/** With more lag, this process delays the lines of the nodes too much. */
const busyMs = 500;

/**
 * G10: Calls are answered in time. A node refuses a call or a stream, or cuts a stream, only after a fault of the
 * node or of Redis. G5: A stream is refused with REPLACED only if its client opened another session.
 */
export const answers: Check = (timeline) => [
  ...timeline.history.clients.flatMap((client) => [
    ...client.calls.flatMap((call) => wrongAnswers(timeline, call)),
    ...client.attempts.flatMap((attempt) => wrongRefusals(timeline, client, attempt)),
  ]),
  ...timeline.sessions.flatMap((session) =>
    session.record.streams.flatMap((stream) => [
      ...wrongCuts(timeline, session, stream),
      ...heldBack(timeline, session, stream),
    ]),
  ),
];

function wrongAnswers(timeline: Timeline, call: Call): Violation[] {
  const { node, startedAt, endedAt, outcome, code } = call;
  if (outcome === 'not sent' || !Number.isFinite(endedAt)) return [];
  const report = (guarantee: string, summary: string) => [
    violation(guarantee, summary, startedAt, callEvent(undefined, call)),
  ];
  const isLate = endedAt - startedAt > answerMs + timeline.history.lagMs;
  if (isLate && !timeline.wasHit([node], startedAt, endedAt)) {
    return report('G10', `a call was not answered within ${answerMs} ms`);
  }
  if (code === 'UNAVAILABLE' && !isExcused(timeline, node, startedAt, endedAt)) {
    return report('G10', 'a call failed with UNAVAILABLE, but no fault explains it');
  }
  if (isWronglyQueued(timeline, call)) {
    return report('API', 'the status of a relay was QUEUED, but its receiver was connected');
  }
  return [];
}

/** Whether the receiver was connected before, during and after the call, and no fault hit anything involved. */
function isWronglyQueued(timeline: Timeline, call: Call): boolean {
  const { kind, status, cursor, to = '', node, startedAt, endedAt } = call;
  if (kind !== 'relay' || status !== 'QUEUED') return false;
  const streams = timeline.sessionAt(to, Number(cursor))?.record.streams ?? [];
  return streams.some(({ attempt, connectedAt, lastByteAt }) => {
    const until = Math.min(lastByteAt, attempt.endedAt ?? lastByteAt);
    const wasConnected = connectedAt < startedAt - refusalMs && endedAt + refusalMs < until;
    const targets = ['redis', node, attempt.node] as const;
    return wasConnected && !timeline.wasHit(targets, startedAt, endedAt, timeline.aftermathMs);
  });
}

function isExcused(timeline: Timeline, node: number, from: number, to: number): boolean {
  return timeline.wasHit(['redis', node], from, to, refusalMs + 5 * timeline.history.lagMs);
}

function wrongRefusals(timeline: Timeline, client: ClientHistory, attempt: Attempt): Violation[] {
  const { node, startedAt, endedAt = startedAt, end } = attempt;
  if (end?.how !== 'refused') return [];
  if (end.code === 'REPLACED') {
    if (openedAnotherSession(timeline, client, attempt)) return [];
    const summary = `a stream of ${client.name} was refused with REPLACED, but the client had opened no other session`;
    return [violation('G5', summary, startedAt, attemptEvent(undefined, attempt))];
  }
  if (isExcused(timeline, node, startedAt, endedAt)) return [];
  const summary = `a stream of ${client.name} was refused with ${end.code}, but no fault explains it`;
  return [violation('G10', summary, startedAt, attemptEvent(undefined, attempt))];
}

/** Whether the client opened a session other than that of the refused cursor. An attempt without an answer counts. */
function openedAnotherSession(
  timeline: Timeline,
  { attempts, sessions }: ClientHistory,
  refused: Attempt,
): boolean {
  const { startedAt, endedAt = startedAt, after } = refused;
  const own = sessions.findLast(
    ({ startCursor, openedBy }) => startCursor <= Number(after) && openedBy.startedAt < startedAt,
  );
  return attempts.some((other) => {
    if (other === refused || other.startedAt > endedAt || other.end?.how === 'not sent') return false;
    if (other.connectedAt !== undefined) {
      return other.after === undefined && other.startedAt > (own?.openedBy.startedAt ?? 0);
    }
    return (
      timeline.attemptSettledBy(other.node, other.endedAt ?? endedAt) >
      (own?.streams.at(-1)?.connectedAt ?? 0)
    );
  });
}

/** A node may cut a stream that it can no longer serve without loss, and the old stream of a client that came back. */
function wrongCuts(
  timeline: Timeline,
  session: JudgedSession,
  { attempt, lastByteAt }: StreamHistory,
): Violation[] {
  const { node, startedAt, endedAt = lastByteAt, end } = attempt;
  if (end?.how !== 'cut') return [];
  const cameBack = session.client.attempts.some(
    (other) => other.startedAt > startedAt && other.startedAt <= endedAt,
  );
  if (cameBack || timeline.mayHaveLostData(lastByteAt, endedAt)) return [];
  if (timeline.wasHit([node], lastByteAt, endedAt, timeline.aftermathMs)) return [];
  if (learnedLateThatItWasGivenUp(timeline, node, lastByteAt, endedAt)) return [];
  // The lines of the nodes run through this process. If it is too busy, one of them is heard long before another.
  const { lagMs, faults } = timeline.history;
  const isBusy = lagMs > busyMs && faults.some(({ kind }) => kind === 'line-cut' || kind === 'line-stall');
  if (isBusy && timeline.wasHit(['redis'], lastByteAt, endedAt, timeline.aftermathMs)) return [];
  const summary = 'a node cut a stream, but no fault explains it';
  return [violation('G10', summary, endedAt, attemptEvent(session, attempt))];
}

/** A node that alone has lost Redis must send its clients away before their grace periods end. */
function heldBack(timeline: Timeline, session: JudgedSession, stream: StreamHistory): Violation[] {
  const { graceMs, faults, lagMs } = timeline.history;
  const { attempt, connectedAt } = stream;
  const { node, endedAt = Number.POSITIVE_INFINITY } = attempt;
  return faults.flatMap(({ kind, target, from, to = Number.POSITIVE_INFINITY }) => {
    const until = from + graceMs - heldMarginMs + 5 * lagMs;
    if (kind !== 'line-cut' || target !== node || connectedAt > from - 1000) return [];
    if (endedAt < until || to < until) return [];
    // The node asks others after a third of the grace period.
    const asksFrom = from + graceMs / 3 - 500;
    // Each beat tells a node which others there are, so it knows no node that has just come.
    const isSound = (other: number) => !timeline.wasHit([other], from, until, knownMs);
    const hasNeighbour = timeline.nodes.some((other) => other !== node && isSound(other));
    if (timeline.wasHit(['redis'], asksFrom, until) || !hasNeighbour) return [];
    const summary = `node ${node} alone had lost Redis, and held a client for ${Math.round(until - from)} ms`;
    return [violation('G10', summary, until, attemptEvent(session, attempt))];
  });
}

/** Whether Redis was away when the node's halt ended: the node then learns late that the others gave it up. */
function learnedLateThatItWasGivenUp(
  timeline: Timeline,
  node: number,
  lastByteAt: number,
  endedAt: number,
): boolean {
  const { faults } = timeline.history;
  const halts = faults.filter(({ kind, target }) => silencesNode.has(kind) && target === node);
  return faults.some((outage) => {
    if (!outages.has(outage.kind) || outage.from > endedAt || timeline.effectEnd(outage) < lastByteAt)
      return false;
    return halts.some((halt) => halt.from <= outage.from && outage.from <= timeline.effectEnd(halt));
  });
}
