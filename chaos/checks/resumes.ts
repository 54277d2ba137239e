import type { Attempt, FaultRecord, StreamHistory } from '../history.ts';
import type { JudgedSession, Timeline } from '../timeline.ts';
import {
  attemptEvent,
  type Check,
  type Event,
  sessionEvent,
  type Violation,
  violation,
} from '../violation.ts';

/** Slack for processes that wait for the CPU. */
const marginMs = 500;
/** An outage of Redis longer than this does not count towards a grace period: no node could beat. */
const outageMs = 2600;
/** Nodes beat again within this time after an outage. Behind sentinels, they first have to find the primary. */
const reconnectMs = 3000;
/** While a node is paused, or its line stands still, Redis hears nothing of it. */
export const silencesNode: ReadonlySet<FaultRecord['kind']> = new Set([
  'node-stop',
  'line-stall',
  'line-cut',
]);
export const outages: ReadonlySet<FaultRecord['kind']> = new Set(['redis-stop', 'redis-restart']);

/** A session must not end within this time after its last sign of life, in milliseconds. */
export function guaranteedGraceMs({ history }: Timeline): number {
  return history.graceMs - marginMs - history.lagMs;
}

/**
 * G3: If a client comes back within its grace period, its session goes on: no new session begins, and the cursor is
 * not refused as that of another session. Exceptions: Redis lost its data, or the client opened another session.
 */
export const resumes: Check = (timeline) =>
  timeline.sessions.flatMap((session) => [...wrongNewSession(timeline, session), ...wrongConnected(session)]);

function wrongNewSession(timeline: Timeline, session: JudgedSession): Violation[] {
  const { openedBy } = session.record;
  const previous = timeline.sessionsOf(session.client.id)[session.number - 1];
  if (openedBy.after === undefined || !previous || isJustified(timeline, previous, openedBy)) return [];
  const last = previous.record.streams.at(-1);
  const at = openedBy.connectedAt ?? openedBy.startedAt;
  const absentMs = last ? absenceMs(timeline, last, at) : 0;
  const summary = `a new session began, although its client came back after an absence of only ${absentMs} ms`;
  const events = [sessionEvent(session), attemptEvent(session, openedBy), ...lastStreamEvents(previous)];
  return [violation('G3', summary, at, ...events)];
}

function wrongConnected(session: JudgedSession): Violation[] {
  const found: Violation[] = [];
  for (const { attempt, connected, connectedAt } of session.record.streams) {
    const report = (guarantee: string, summary: string) =>
      found.push(violation(guarantee, summary, connectedAt, attemptEvent(session, attempt)));
    if (connected.resumed && attempt.after === undefined) {
      report('G5', 'a stream that was opened without a cursor resumed a session');
    }
    if (!connected.resumed && connected.rooms.length > 0) report('G3', 'a new session began inside a room');
  }
  return found;
}

function lastStreamEvents(session: JudgedSession): Event[] {
  const last = session.record.streams.at(-1);
  return last ? [attemptEvent(session, last.attempt)] : [];
}

function isJustified(timeline: Timeline, previous: JudgedSession, openedBy: Attempt): boolean {
  const last = previous.record.streams.at(-1);
  const at = openedBy.connectedAt ?? openedBy.startedAt;
  if (!last) return true;
  if (absenceMs(timeline, last, at) > guaranteedGraceMs(timeline)) return true;
  if (timeline.mayHaveLostData(last.lastByteAt, at)) return true;
  return openedAnotherSession(timeline, previous, openedBy, last.attempt);
}

/** How long the session was without this stream, up to that moment, in milliseconds as Signalbox counts them. */
export function absenceMs({ history }: Timeline, { lastByteAt, attempt }: StreamHistory, at: number): number {
  // Redis knows only the last beat of the node: the one before Redis went away, or before the node halted.
  let since = lastByteAt;
  for (const { kind, target, from, to = at } of history.faults.toReversed()) {
    const silences = outages.has(kind) || (silencesNode.has(kind) && target === attempt.node);
    if (silences && from < since && since < to + reconnectMs) since = from;
  }
  let absentMs = at - since;
  for (const { kind, from, to = at } of history.faults) {
    const overlap = Math.min(to, at) - Math.max(from, since);
    if (outages.has(kind) && to - from > outageMs && overlap > 0) absentMs -= overlap;
  }
  return Math.round(absentMs);
}

/** Whether an earlier attempt of the client had no answer and may have taken effect in the meantime. */
function openedAnotherSession(
  timeline: Timeline,
  { client }: JudgedSession,
  openedBy: Attempt,
  last: Attempt,
): boolean {
  return client.attempts.some((attempt) => {
    if (attempt === openedBy || attempt === last || attempt.end?.how !== 'unanswered') return false;
    const at = openedBy.connectedAt ?? openedBy.startedAt;
    return attempt.startedAt < at && at < timeline.attemptSettledBy(attempt.node, attempt.endedAt ?? at);
  });
}
