import type { Arrival, Attempt, Call, Load } from '../history.ts';
import { type JudgedSession, mayHaveHappened, noticeLossMs, type Timeline } from '../timeline.ts';
import {
  arrivalEvent,
  attemptEvent,
  type Check,
  callEvent,
  type Event,
  nameOf,
  type Violation,
  violation,
} from '../violation.ts';

/** How a node refuses a call if the caller or the target is not in the room. */
const notThereCodes = new Set(['NOT_CONNECTED', 'NOT_IN_ROOM', 'PEER_NOT_IN_ROOM']);

/**
 * G6: A message reaches only the peers that it is meant for, names its real sender, and belongs to a room that both
 * are in. A member is not refused as if it were not in the room. G5: A stream completes only if it was replaced.
 */
export const members: Check = (timeline) => {
  const calls = new Map<string, Call>();
  for (const client of timeline.history.clients) {
    for (const call of client.calls) calls.set(`${client.id}#${call.n}`, call);
  }
  return [
    ...timeline.sessions.flatMap((session) =>
      session.arrivals.flatMap((arrival) => wrongArrivals(timeline, calls, session, arrival)),
    ),
    ...timeline.sessions.flatMap((session) => wrongRefusals(timeline, session)),
    ...timeline.sessions.flatMap((session) => wrongEnds(timeline, session)),
  ];
};

function wrongArrivals(
  timeline: Timeline,
  calls: ReadonlyMap<string, Call>,
  session: JudgedSession,
  arrival: Arrival,
): Violation[] {
  const { message, at } = arrival;
  const name = nameOf(session);
  const report = (summary: string, ...events: Event[]) => [
    violation('G6', summary, at, arrivalEvent(session, arrival), ...events),
  ];
  if (message.peer.id === session.client.id) return report(`${name} received its own message`);
  if (wasNoMember(timeline, session, message.roomId, arrival.cursor) && !mayHaveForgotten(timeline, at)) {
    return report(`${name} received a message of a room that it was not in`);
  }
  if (message.__typename !== 'Signal') return [];
  const { from, n, roomId, to } = message.data as Load;
  const call = calls.get(`${from}#${n}`);
  if (!call) return report(`${name} received a signal that no client had sent`);
  const sent = callEvent(undefined, call);
  if (message.peer.id !== from) {
    return report(
      `${name} received a signal that names ${message.peer.id} as its sender; ${from} sent it`,
      sent,
    );
  }
  if (message.roomId !== roomId) {
    return report(`${name} received a signal in "${message.roomId}" that was sent in "${roomId}"`, sent);
  }
  if (to !== undefined && to !== session.client.id) {
    return report(`${name} received a relay that was meant for ${to}`, sent);
  }
  if (!mayHaveHappened(call)) return report(`${name} received a signal whose call was refused`, sent);
  if (call.cursor !== undefined && call.cursor !== arrival.cursor) {
    return report(`${name} received a signal whose cursor differs from that of its receipt`, sent);
  }
  return [];
}

/** Whether the session certainly was not in the room: it had left, or had never called `joinRoom`. */
function wasNoMember(
  timeline: Timeline,
  { record, startCursor }: JudgedSession,
  roomId: string,
  cursor: number,
): boolean {
  const [startedAt, at] = [startCursor / 1000, cursor / 1000];
  if (timeline.isBlurred(startedAt) || timeline.isBlurred(at)) return false;
  let outSince: number | undefined = startedAt;
  for (const call of record.client.calls) {
    if (call.roomId !== roomId || call.startedAt > at) continue;
    if (call.kind === 'leave' && call.outcome === 'ok') outSince = call.endedAt;
    if (call.kind !== 'join' || !mayHaveHappened(call)) continue;
    const ofEarlierSession = call.session !== record && call.endedAt < startedAt;
    if (!ofEarlierSession || timeline.callSettledBy(call) > startedAt) outSince = undefined;
  }
  return outSince !== undefined && outSince < at;
}

/** Whether Redis may have lost memberships, and clients and nodes may not have found out yet. */
function mayHaveForgotten(timeline: Timeline, at: number): boolean {
  return timeline.mayHaveFailedOver(at - noticeLossMs, at);
}

/** Calls that were refused because a peer was not in the room, although it was there before and after. */
function wrongRefusals(timeline: Timeline, session: JudgedSession): Violation[] {
  const found: Violation[] = [];
  for (const call of session.client.calls) {
    if (call.session !== session.record) continue;
    const [from, to] = [call.startedAt * 1000, call.endedAt * 1000];
    const report = (guarantee: string, summary: string) =>
      found.push(violation(guarantee, summary, call.startedAt, callEvent(session, call)));
    if (call.outcome === 'refused' && !notThereCodes.has(call.code ?? '')) {
      report('API', `a call failed with the unexpected code ${call.code}`);
      continue;
    }
    if (!timeline.wasMember(session, call.roomId, from, to)) continue;
    if (timeline.isBlurred(call.startedAt, call.endedAt)) continue;
    if (mayHaveForgotten(timeline, call.endedAt)) continue;
    if (call.room === null)
      report('G6', `the query room returned null to ${nameOf(session)}, which is a member`);
    if (call.outcome !== 'refused') continue;
    const target = timeline.sessionAt(call.to ?? '', from);
    const targetWasThere = target !== undefined && timeline.wasMember(target, call.roomId, from, to);
    if (call.code === 'PEER_NOT_IN_ROOM' && !targetWasThere) continue;
    const peers = call.code === 'PEER_NOT_IN_ROOM' ? 'its target is a member' : 'the caller is a member';
    report('G6', `a call of ${nameOf(session)} failed with ${call.code}, but ${peers}`);
  }
  return found;
}

/** `complete` ends the operation. In a run only REPLACED may do that, and only if the client opened another stream. */
function wrongEnds(timeline: Timeline, session: JudgedSession): Violation[] {
  const found: Violation[] = [];
  for (const { attempt, connectedAt } of session.record.streams) {
    const { how, code } = attempt.end ?? {};
    const at = attempt.endedAt ?? connectedAt;
    if (how === 'complete' && code !== 'REPLACED') {
      const summary = `a stream of ${nameOf(session)} completed with ${code ?? 'no error'}; only REPLACED may end it`;
      found.push(violation('G5', summary, at, attemptEvent(session, attempt)));
    }
    if (code !== 'REPLACED') {
      found.push(...missedReplacements(timeline, session, attempt));
      continue;
    }
    const openedAnother = session.client.attempts.some((other) => {
      if (other === attempt || other.startedAt > at) return false;
      if (other.connectedAt !== undefined) return other.startedAt > attempt.startedAt;
      return (
        other.end?.how !== 'not sent' &&
        timeline.attemptSettledBy(other.node, other.endedAt ?? at) > connectedAt
      );
    });
    if (openedAnother) continue;
    const summary = `a stream of ${nameOf(session)} ended with REPLACED, but its client had opened no other stream`;
    found.push(violation('G5', summary, at, attemptEvent(session, attempt)));
  }
  return found;
}

/** If a client opens another session without a cursor, its old stream must end with REPLACED. */
function missedReplacements(timeline: Timeline, session: JudgedSession, attempt: Attempt): Violation[] {
  const next = timeline.sessionsOf(session.client.id)[session.number + 1]?.record.openedBy;
  if (!next || next.after !== undefined || attempt !== session.record.streams.at(-1)?.attempt) return [];
  const { startedAt, connectedAt = startedAt } = next;
  const { endedAt = Number.POSITIVE_INFINITY, node, end } = attempt;
  if (endedAt < startedAt) return [];
  if (timeline.wasHit(['redis', node], startedAt - 1000, connectedAt, timeline.aftermathMs)) return [];
  const how = end ? `ended as ${end.how}` : 'stayed open';
  const summary = `${nameOf(session)} was replaced, but its stream ${how} without the error REPLACED`;
  return [violation('G5', summary, startedAt, attemptEvent(session, attempt))];
}
