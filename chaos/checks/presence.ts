import { type Arrival, type FaultRecord, leaseOf, type StreamHistory } from '../history.ts';
import type { Life, Timeline } from '../timeline.ts';
import { type Check, nameOf, ofArrival, ofAttempt, type Violation, violation } from '../violation.ts';
import { absence, safeMs } from './resumes.ts';

/** When its grace is over a peer is announced by whoever beats next: within two seconds, and some for slow turns. */
const announceMs = 2500;
/** For Redis, nodes and clients that do not get their turn at once. */
const marginMs = 2500;

/**
 * G4, G5. A removal has its cause: `LEFT` a call of `leaveRoom`, `REPLACED` a new session, and
 * `DISCONNECTED` an absence: not before the grace is over, not long after, and not of one who came back.
 */
export const presence: Check = (timeline) => {
  const judged = new Map<number, Violation[]>();
  for (const life of timeline.lives) {
    for (const arrival of life.arrivals) {
      const { message, id } = arrival;
      if (message.__typename !== 'PeerRemoved') continue;
      // Who goes, goes before the eyes of many: it is judged once.
      if (!judged.has(id)) judged.set(id, removal(timeline, life, arrival));
    }
  }
  return [...judged.values()].flat();
};

function removal(timeline: Timeline, seenBy: Life, arrival: Arrival): Violation[] {
  const { message, id } = arrival;
  if (message.__typename !== 'PeerRemoved') return [];
  // A session ends, and the next begins, within a few microseconds.
  const lives = timeline.livesOf(message.peer.id);
  const life = lives.find(({ from, to }) => from < id && id <= to);
  if (!life) return [];
  const at = id / 1000;
  const complain = (guarantee: string, what: string) => {
    const attempts = life.client.attempts.filter(({ startedAt, endedAt = startedAt }) => {
      return startedAt < at + 2000 && endedAt > at - 2 * timeline.history.graceMs;
    });
    const events = attempts.slice(-4).map((attempt) => ofAttempt(life, attempt));
    return [violation(guarantee, what, at, ofArrival(seenBy, arrival), ...events)];
  };
  switch (message.reason) {
    case 'LEFT':
      if (timeline.mayHaveCalled(life.client, 'leave', message.roomId, at)) return [];
      return complain('G4', `${nameOf(life)} was announced as LEFT, and had not called leaveRoom`);
    case 'REPLACED':
      if (!mayBeReplaced(timeline, life, at)) {
        return complain('G5', `${nameOf(life)} was announced as REPLACED, and had opened no other session`);
      }
      if (!wentOn(timeline, life, at)) return [];
      return complain('G5', `${nameOf(life)} was announced as REPLACED, and its session went on`);
    case 'DISCONNECTED':
      return disconnected(timeline, life, at).flatMap((what) => complain('G4', what));
    default:
      return complain('G4', `${nameOf(life)} was announced as ${message.reason}, which nobody can be here`);
  }
}

/** A new session begins with an attempt without a cursor, or with one that was not resumed. */
function mayBeReplaced(timeline: Timeline, { client }: Life, at: number): boolean {
  const streams = client.sessions.flatMap((session) => session.streams);
  const resumed = new Set(streams.flatMap(({ attempt, connected }) => (connected.resumed ? [attempt] : [])));
  return client.attempts.some((attempt) => {
    if (attempt.startedAt - 1 > at || resumed.has(attempt)) return false;
    if (attempt.connectedAt !== undefined) return at <= attempt.connectedAt + 1;
    return at <= timeline.attemptSettledBy(attempt.node, attempt.endedAt ?? at);
  });
}

/** The stream that a session had when it had been announced as gone, where it had one. */
function laterStream({ session }: Life, at: number): StreamHistory | undefined {
  return session.streams.find(({ connectedAt, lifeAt, arrivals }) => {
    return connectedAt > at + 1 || (lifeAt > at + marginMs && arrivals.some(({ id }) => id > at * 1000));
  });
}

/** Whether a session went on that was announced as gone. */
function wentOn(timeline: Timeline, life: Life, at: number): boolean {
  const later = laterStream(life, at);
  // What brought it back may have been told by a primary that was one no more: then it ends.
  return later !== undefined && !timeline.mayHaveForked(at, later.connectedAt);
}

/** What is wrong with a peer's being announced as DISCONNECTED at that time. */
function disconnected(timeline: Timeline, life: Life, at: number): string[] {
  if (wentOn(timeline, life, at))
    return [`${nameOf(life)} was announced as DISCONNECTED, and its session went on`];
  if (laterStream(life, at)) return [];
  const { streams } = life.session;
  const last = streams.filter(({ connectedAt }) => connectedAt <= at).at(-1);
  if (!last) return [];
  const found: string[] = [];
  const absentMs = absence(timeline, last, at);
  // What brought the session back may be what Redis has lost: then it cannot go on anyway.
  if (absentMs < safeMs(timeline) && !timeline.mayHaveForked(last.connectedAt, at)) {
    found.push(
      `${nameOf(life)} was announced as DISCONNECTED after an absence of ${absentMs} ms; ` +
        `the grace is ${timeline.history.graceMs} ms`,
    );
  }
  const due = dueBy(timeline, life, last.attempt.endedAt ?? at, last.lifeAt);
  if (at > due) {
    found.push(`${nameOf(life)} was announced as DISCONNECTED only after an absence of ${absentMs} ms`);
  }
  return found;
}

/**
 * When the absence must have been announced, at the latest. Where something was done to Redis, or to a node that may
 * have had the stream, its time is granted, and a lease.
 */
function dueBy(timeline: Timeline, { client }: Life, endedAt: number, lifeAt: number): number {
  const { history } = timeline;
  const waitMs = history.graceMs + announceMs + history.lagMs;
  let due = Math.max(endedAt, lifeAt) + waitMs;
  // An attempt that had no answer may have brought the session back for a moment.
  for (const { end, endedAt: gaveUpAt } of client.attempts) {
    if (end?.how === 'unanswered' && gaveUpAt !== undefined && gaveUpAt <= due) {
      due = Math.max(due, gaveUpAt + waitMs);
    }
  }
  const nodes = client.attempts.flatMap(({ node, endedAt: at = due }) => (at >= endedAt ? [node] : []));
  const targets = new Set<FaultRecord['target']>(['redis', ...nodes]);
  let troubledMs = 0;
  for (const fault of history.faults) {
    const until = timeline.endOf(fault);
    if (!targets.has(fault.target) || fault.from > due + troubledMs || until < endedAt) continue;
    // A node that cannot say that the stream is gone has to be found silent first.
    if (troubledMs === 0) troubledMs = leaseOf(history);
    troubledMs += until - Math.max(fault.from, endedAt);
  }
  return due + troubledMs;
}
