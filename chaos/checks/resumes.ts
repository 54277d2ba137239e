import type { Attempt, FaultRecord, StreamHistory } from '../history.ts';
import type { Life, Timeline } from '../timeline.ts';
import { type Check, ofAttempt, ofSession, type Violation, violation } from '../violation.ts';

/** For processes that do not get their turn at once. */
const marginMs = 500;
/** Where Redis is away for longer than that, so that no node could beat, that time does not count. */
const outageMs = 2600;
/** So long after an outage nodes have beaten again. */
const reconnectMs = 1000;
export const outages: ReadonlySet<FaultRecord['kind']> = new Set(['redis-stop', 'redis-restart']);

/** Within so many milliseconds of a session's last sign of life nobody may end it. */
export function safeMs({ history }: Timeline): number {
  return history.graceMs - marginMs - history.lagMs;
}

/**
 * G3. A session that is asked for within its grace goes on: it does not begin anew, nor is it said to
 * be another's, unless Redis has lost its data or the client itself has opened another.
 */
export const resumes: Check = (timeline) => timeline.lives.flatMap((life) => inOne(timeline, life));

function inOne(timeline: Timeline, life: Life): Violation[] {
  const found: Violation[] = [];
  const { streams, openedBy } = life.session;
  const previous = timeline.livesOf(life.client.id)[life.number - 1];
  if (openedBy.after !== undefined && previous && !isJustified(timeline, previous, openedBy)) {
    const last = previous.session.streams.at(-1);
    const at = openedBy.connectedAt ?? openedBy.startedAt;
    const absentMs = last ? absence(timeline, last, at) : 0;
    const what = `a session began anew, though its client came back after an absence of ${absentMs} ms`;
    const events = [ofSession(life), ofAttempt(life, openedBy), ...lastOf(previous)];
    found.push(violation('G3', what, at, ...events));
  }
  for (const { attempt, connected, connectedAt } of streams) {
    if (connected.resumed && attempt.after === undefined) {
      const what = 'a stream that was opened without a cursor resumed something';
      found.push(violation('G5', what, connectedAt, ofAttempt(life, attempt)));
    }
    if (!connected.resumed && connected.rooms.length > 0) {
      found.push(violation('G3', 'a session began in a room', connectedAt, ofAttempt(life, attempt)));
    }
  }
  return found;
}

function lastOf(life: Life) {
  const last = life.session.streams.at(-1);
  return last ? [ofAttempt(life, last.attempt)] : [];
}

function isJustified(timeline: Timeline, previous: Life, openedBy: Attempt): boolean {
  const last = previous.session.streams.at(-1);
  const at = openedBy.connectedAt ?? openedBy.startedAt;
  if (!last) return true;
  if (absence(timeline, last, at) > safeMs(timeline)) return true;
  if (timeline.mayHaveLost(last.lifeAt, at)) return true;
  return hasRival(timeline, previous, openedBy, last.attempt);
}

/** How long a session that had this stream was without it, up to that moment, as far as it counts. */
export function absence({ history }: Timeline, { lifeAt, attempt }: StreamHistory, at: number): number {
  // Redis knows no more than what the node told last: before Redis was away, or the node stood still.
  let since = lifeAt;
  for (const { kind, target, from, to = at } of history.faults.toReversed()) {
    const silences = outages.has(kind) || (kind === 'node-stop' && target === attempt.node);
    if (silences && from < since && since < to + reconnectMs) since = from;
  }
  let absentMs = at - since;
  for (const { kind, from, to = at } of history.faults) {
    const overlap = Math.min(to, at) - Math.max(from, since);
    if (outages.has(kind) && to - from > outageMs && overlap > 0) absentMs -= overlap;
  }
  return Math.round(absentMs);
}

/** Whether the client had made another attempt, unanswered, which came into effect meanwhile. */
function hasRival(timeline: Timeline, { client }: Life, openedBy: Attempt, last: Attempt): boolean {
  return client.attempts.some((attempt) => {
    if (attempt === openedBy || attempt === last || attempt.end?.how !== 'unanswered') return false;
    const at = openedBy.connectedAt ?? openedBy.startedAt;
    return attempt.startedAt < at && at < timeline.attemptSettledBy(attempt.node, attempt.endedAt ?? at);
  });
}
