import { type Arrival, type FaultRecord, leaseOf, type StreamHistory } from '../history.ts';
import type { JudgedSession, Timeline } from '../timeline.ts';
import { arrivalEvent, attemptEvent, type Check, nameOf, type Violation, violation } from '../violation.ts';
import { absenceMs, guaranteedGraceMs } from './resumes.ts';

/** After the grace period, the next beat of any node announces the peer: within 2 s, plus slack for a busy machine. */
const announceMs = 2500;
/** Slack for clients, nodes and a Redis that wait for the CPU. */
const marginMs = 2500;

/**
 * G4, G5: Each `PeerRemoved` has its cause. `LEFT` needs a call of `leaveRoom`, `REPLACED` a new session, and
 * `DISCONNECTED` an absence: the grace period has just ended, and the session does not go on.
 */
export const presence: Check = (timeline) => {
  const byCursor = new Map<number, Violation[]>();
  for (const session of timeline.sessions) {
    for (const arrival of session.arrivals) {
      const { message, cursor } = arrival;
      if (message.__typename !== 'PeerRemoved') continue;
      // Many members receive one removal. Judge it once.
      if (!byCursor.has(cursor)) byCursor.set(cursor, wrongRemovals(timeline, session, arrival));
    }
  }
  return [...byCursor.values()].flat();
};

function wrongRemovals(timeline: Timeline, receiver: JudgedSession, arrival: Arrival): Violation[] {
  const { message, cursor } = arrival;
  if (message.__typename !== 'PeerRemoved') return [];
  // The next session may begin within the microsecond in which this one ends.
  const session = timeline
    .sessionsOf(message.peer.id)
    .find(({ startCursor, endCursor }) => startCursor < cursor && cursor <= endCursor);
  if (!session) return [];
  const at = cursor / 1000;
  if (timeline.isBlurred(at)) return [];
  const report = (guarantee: string, problem: string) => {
    const attempts = session.client.attempts.filter(({ startedAt, endedAt = startedAt }) => {
      return startedAt < at + 2000 && endedAt > at - 2 * timeline.history.graceMs;
    });
    const events = attempts.slice(-4).map((attempt) => attemptEvent(session, attempt));
    const summary = `${nameOf(session)} was announced as ${message.reason}${problem}`;
    return [violation(guarantee, summary, at, arrivalEvent(receiver, arrival), ...events)];
  };
  switch (message.reason) {
    case 'LEFT':
      if (timeline.mayHaveCalled(session.client, 'leave', message.roomId, at)) return [];
      return report('G4', ', but had not called leaveRoom');
    case 'REPLACED':
      if (!mayBeReplaced(timeline, session, at)) return report('G5', ', but had opened no other session');
      return continued(timeline, session, at) ? report('G5', ', but its session went on') : [];
    case 'DISCONNECTED':
      return wrongDisconnects(timeline, session, at).flatMap((problem) => report('G4', problem));
    default:
      return report('G4', ', a reason that no run of the checker can cause');
  }
}

/** Whether an attempt may have begun a new session then: one without a cursor, or one that did not resume. */
function mayBeReplaced(timeline: Timeline, { client }: JudgedSession, at: number): boolean {
  const streams = client.sessions.flatMap((session) => session.streams);
  const resumed = new Set(streams.flatMap(({ attempt, connected }) => (connected.resumed ? [attempt] : [])));
  return client.attempts.some((attempt) => {
    if (attempt.startedAt - 1 > at || resumed.has(attempt)) return false;
    if (attempt.connectedAt !== undefined) return at <= attempt.connectedAt + 1;
    return at <= timeline.attemptSettledBy(attempt.node, attempt.endedAt ?? at);
  });
}

/** A stream that the session still had after it was announced as gone. */
function laterStream({ record }: JudgedSession, at: number): StreamHistory | undefined {
  return record.streams.find(({ connectedAt, lastByteAt, arrivals }) => {
    const receivedLater = () => arrivals.some(({ cursor }) => cursor > at * 1000);
    return connectedAt > at + 1 || (lastByteAt > at + marginMs && receivedLater());
  });
}

/** Whether the session went on after it was announced as gone. */
function continued(timeline: Timeline, session: JudgedSession, at: number): boolean {
  const later = laterStream(session, at);
  // While the roles change, one primary may end the session, and the other one let it go on. Then it ends soon.
  return later !== undefined && !timeline.mayHaveFailedOver(at, Math.max(at, later.connectedAt));
}

/** What is wrong with a peer that was announced as DISCONNECTED at that time. */
function wrongDisconnects(timeline: Timeline, session: JudgedSession, at: number): string[] {
  if (continued(timeline, session, at)) return [', but its session went on'];
  if (laterStream(session, at)) return [];
  const last = session.record.streams.filter(({ connectedAt }) => connectedAt <= at).at(-1);
  if (!last) return [];
  const found: string[] = [];
  const absentMs = absenceMs(timeline, last, at);
  // Redis may have lost the last resume of the session. Then the session cannot go on anyway.
  if (absentMs < guaranteedGraceMs(timeline) && !timeline.mayHaveFailedOver(last.connectedAt, at)) {
    const { graceMs } = timeline.history;
    found.push(` too early: after an absence of ${absentMs} ms; the grace period is ${graceMs} ms`);
  }
  const due = dueBy(timeline, session, last.attempt.endedAt ?? at, last.lastByteAt);
  if (at > due) found.push(` too late: after an absence of ${absentMs} ms`);
  return found;
}

/**
 * The latest time at which the absence must be announced. Faults of Redis, and of nodes that may have held the
 * stream, extend it by their duration and by one lease.
 */
function dueBy(timeline: Timeline, { client }: JudgedSession, endedAt: number, lastByteAt: number): number {
  const { history } = timeline;
  const waitMs = history.graceMs + announceMs + history.lagMs;
  let due = Math.max(endedAt, lastByteAt) + waitMs;
  // An attempt without an answer may have resumed the session for a moment.
  for (const { end, endedAt: gaveUpAt } of client.attempts) {
    if (end?.how === 'unanswered' && gaveUpAt !== undefined && gaveUpAt <= due) {
      due = Math.max(due, gaveUpAt + waitMs);
    }
  }
  const nodes = client.attempts.flatMap(({ node, endedAt: at = due }) => (at >= endedAt ? [node] : []));
  const targets = new Set<FaultRecord['target']>(['redis', ...nodes]);
  let extensionMs = 0;
  for (const fault of history.faults) {
    const until = timeline.effectEnd(fault);
    if (!targets.has(fault.target) || fault.from > due + extensionMs || until < endedAt) continue;
    // If a node cannot report that the stream is gone, the others first have to find the node silent.
    if (extensionMs === 0) extensionMs = leaseOf(history);
    extensionMs += until - Math.max(fault.from, endedAt);
  }
  return due + extensionMs;
}
