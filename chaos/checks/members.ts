import type { Arrival, Attempt, Call, Load } from '../history.ts';
import { foundOutMs, type Life, mayHaveHappened, type Timeline } from '../timeline.ts';
import {
  type Check,
  type Event,
  nameOf,
  ofArrival,
  ofAttempt,
  ofCall,
  type Violation,
  violation,
} from '../violation.ts';

/** What a node answers where the caller, or the one it calls, is not where the caller thinks. */
const absences = new Set(['NOT_CONNECTED', 'NOT_IN_ROOM', 'PEER_NOT_IN_ROOM']);

/**
 * G5, G6. A message comes only to whom it is for, from the one who sent it, in a room that both are in; who is in a
 * room is not told the contrary; a stream's operation is over only where it was replaced.
 */
export const members: Check = (timeline) => {
  const calls = new Map<string, Call>();
  for (const client of timeline.history.clients) {
    for (const call of client.calls) calls.set(`${client.id}#${call.n}`, call);
  }
  return [
    ...timeline.lives.flatMap((life) => life.arrivals.flatMap((each) => misled(timeline, calls, life, each))),
    ...timeline.lives.flatMap((life) => turnedAway(timeline, life)),
    ...timeline.lives.flatMap((life) => ended(timeline, life)),
  ];
};

function misled(
  timeline: Timeline,
  calls: ReadonlyMap<string, Call>,
  life: Life,
  arrival: Arrival,
): Violation[] {
  const { message, at } = arrival;
  const complain = (what: string, ...events: Event[]) => [
    violation('G6', `${what}: ${nameOf(life)}`, at, ofArrival(life, arrival), ...events),
  ];
  if (message.peer.id === life.client.id) return complain('a peer heard its own echo');
  if (wasNoMember(timeline, life, message.roomId, arrival.id) && !mayHaveForgotten(timeline, at)) {
    return complain('a peer heard of a room that it was not in');
  }
  if (message.__typename !== 'Signal') return [];
  const { from, n, roomId, to } = message.data as Load;
  const call = calls.get(`${from}#${n}`);
  if (!call) return complain('a signal came that nobody sent');
  const sent = ofCall(undefined, call);
  if (message.peer.id !== from) return complain(`${from} sent it, and ${message.peer.id} is named`, sent);
  if (message.roomId !== roomId) return complain(`it was sent in "${roomId}"`, sent);
  if (to !== undefined && to !== life.client.id) return complain(`it was for ${to}`, sent);
  if (!mayHaveHappened(call)) return complain('it was refused, and came', sent);
  if (call.id !== undefined && call.id !== arrival.id) return complain('its receipt has another id', sent);
  return [];
}

/** Whether it was out of the room for sure: it had left, or never set out to join. */
function wasNoMember(timeline: Timeline, { session, from }: Life, roomId: string, id: number): boolean {
  const at = id / 1000;
  let outSince: number | undefined = from / 1000;
  for (const call of session.client.calls) {
    if (call.roomId !== roomId || call.startedAt > at) continue;
    if (call.kind === 'leave' && call.outcome === 'ok') outSince = call.endedAt;
    if (call.kind !== 'join' || !mayHaveHappened(call)) continue;
    const earlier = call.session !== session && call.endedAt < from / 1000;
    if (!earlier || timeline.callSettledBy(call) > from / 1000) outSince = undefined;
  }
  return outSince !== undefined && outSince < at;
}

/** Redis may have lost who is where, and those whom it concerns need not have found out yet. */
function mayHaveForgotten(timeline: Timeline, at: number): boolean {
  return timeline.mayHaveForked(at - foundOutMs, at);
}

/** Refused as if it, or its target, was not in the room, where both were before and after. */
function turnedAway(timeline: Timeline, life: Life): Violation[] {
  const found: Violation[] = [];
  for (const call of life.client.calls) {
    if (call.session !== life.session) continue;
    const [from, to] = [call.startedAt * 1000, call.endedAt * 1000];
    const events = [ofCall(life, call)];
    if (call.outcome === 'refused' && !absences.has(call.code ?? '')) {
      found.push(violation('API', `a call was answered with ${call.code}`, call.startedAt, ...events));
      continue;
    }
    if (!timeline.wasMember(life, call.roomId, from, to)) continue;
    if (mayHaveForgotten(timeline, call.endedAt)) continue;
    if (call.room === null) {
      const what = `${nameOf(life)} was told null of a room it is in`;
      found.push(violation('G6', what, call.startedAt, ...events));
    }
    if (call.outcome !== 'refused') continue;
    const other = timeline.lifeAt(call.to ?? '', from);
    const there = other !== undefined && timeline.wasMember(other, call.roomId, from, to);
    if (call.code === 'PEER_NOT_IN_ROOM' && !there) continue;
    const what = `${nameOf(life)} was refused with ${call.code}, though in the room`;
    found.push(violation('G6', what, call.startedAt, ...events));
  }
  return found;
}

/** `complete` says that the operation is over: only REPLACED may say so in a run, and with a cause. */
function ended(timeline: Timeline, life: Life): Violation[] {
  const found: Violation[] = [];
  for (const { attempt, connectedAt } of life.session.streams) {
    const { how, code } = attempt.end ?? {};
    const at = attempt.endedAt ?? connectedAt;
    if (how === 'complete' && code !== 'REPLACED') {
      found.push(
        violation('G5', `a stream was ended with ${code ?? 'no error'}`, at, ofAttempt(life, attempt)),
      );
    }
    if (code !== 'REPLACED') {
      found.push(...keptOn(timeline, life, attempt));
      continue;
    }
    const rivals = life.client.attempts.filter((other) => {
      if (other === attempt || other.startedAt > at) return false;
      if (other.connectedAt !== undefined) return other.startedAt > attempt.startedAt;
      return (
        other.end?.how !== 'not sent' &&
        timeline.attemptSettledBy(other.node, other.endedAt ?? at) > connectedAt
      );
    });
    if (rivals.length > 0) continue;
    const what = `${nameOf(life)} was replaced, and its client had opened no other stream`;
    found.push(violation('G5', what, at, ofAttempt(life, attempt)));
  }
  return found;
}

/** Where a client opens another session without a cursor, the stream that it has still is told that it is replaced. */
function keptOn(timeline: Timeline, life: Life, attempt: Attempt): Violation[] {
  const next = timeline.livesOf(life.client.id)[life.number + 1]?.session.openedBy;
  if (!next || next.after !== undefined || attempt !== life.session.streams.at(-1)?.attempt) return [];
  const { startedAt, connectedAt = startedAt } = next;
  const { endedAt = Number.POSITIVE_INFINITY, node, end } = attempt;
  if (endedAt < startedAt) return [];
  if (timeline.hasTouched(['redis', node], startedAt - 1000, connectedAt, timeline.aftermathMs)) return [];
  const what = `${nameOf(life)} was replaced, and its stream ended as ${end?.how ?? 'one that goes on'}`;
  return [violation('G5', what, startedAt, ofAttempt(life, attempt))];
}
