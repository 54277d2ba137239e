import type { Arrival, Call, Load, Session } from '../history.ts';
import { type JudgedSession, noticeLossMs, type Timeline } from '../timeline.ts';
import {
  arrivalEvent,
  type Check,
  callEvent,
  type Event,
  nameOf,
  sessionEvent,
  type Violation,
  violation,
} from '../violation.ts';

/**
 * G3: Within a session no message is lost and none arrives twice. If a message arrived, all messages that were
 * acknowledged before it have arrived too. If Redis lost acknowledged writes, the session must end.
 */
export const delivery: Check = (timeline) => {
  const senders = new Map<Session, JudgedSession>(timeline.sessions.map((each) => [each.record, each]));
  const losses = new Map<JudgedSession, Violation[]>();
  const reportLoss = (session: JudgedSession, call: Call, summary: string) => {
    if (isExcused(timeline, session, call)) return;
    const sender = call.session && senders.get(call.session);
    const events = [callEvent(sender, call), sessionEvent(session), ...neighbours(session, call)];
    const loss = violation('G3', summary, call.startedAt, ...events);
    losses.set(session, [...(losses.get(session) ?? []), loss]);
  };

  for (const client of timeline.history.clients) {
    for (const call of client.calls) {
      if (call.outcome !== 'ok') continue;
      if (call.kind === 'relay') lostRelay(timeline, call, reportLoss);
      else if (call.kind === 'broadcast') lostBroadcast(timeline, client.id, call, reportLoss);
      else if (call.kind === 'setState') lostState(timeline, client.id, call, reportLoss);
    }
  }
  return [...timeline.sessions.flatMap(duplicates), ...[...losses.values()].flatMap(summarize)];
};

type ReportLoss = (session: JudgedSession, call: Call, summary: string) => void;

/** The membership of the receiver is not checked here: Redis acknowledged, so it found the receiver in the room. */
function lostRelay(timeline: Timeline, call: Call, reportLoss: ReportLoss): void {
  const cursor = Number(call.cursor);
  const session = timeline.sessionAt(call.to ?? '', cursor);
  if (!session || session.receivedUpTo < cursor || session.byCursor.has(cursor)) return;
  reportLoss(
    session,
    call,
    `a relay was acknowledged with cursor ${cursor} but never reached ${nameOf(session)}`,
  );
}

function lostBroadcast(timeline: Timeline, senderId: string, call: Call, reportLoss: ReportLoss): void {
  const cursor = Number(call.cursor);
  for (const { id: peerId } of timeline.history.clients) {
    if (peerId === senderId) continue;
    const session = timeline.sessionAt(peerId, cursor);
    if (!session || session.byCursor.has(cursor) || !timeline.wasMember(session, call.roomId, cursor))
      continue;
    const summary = `a broadcast was acknowledged with cursor ${cursor} but never reached the member ${nameOf(session)}`;
    reportLoss(session, call, summary);
  }
}

function lostState(timeline: Timeline, senderId: string, call: Call, reportLoss: ReportLoss): void {
  if (timeline.isBlurred(call.startedAt, call.endedAt)) return;
  const [from, to] = [call.startedAt * 1000, call.endedAt * 1000];
  for (const { id: peerId } of timeline.history.clients) {
    if (peerId === senderId) continue;
    const session = timeline.sessionAt(peerId, from);
    if (!session || !timeline.wasMember(session, call.roomId, from, to)) continue;
    const arrived = session.arrivals.some(
      ({ message }) =>
        message.__typename === 'PeerChanged' &&
        message.peer.id === senderId &&
        message.roomId === call.roomId &&
        (message.state as { n: number }).n === call.n,
    );
    if (arrived) continue;
    reportLoss(session, call, `a setState was acknowledged but never reached the member ${nameOf(session)}`);
  }
}

/** Whether Redis may have lost what it acknowledged, and the session ended because of it. */
function isExcused(timeline: Timeline, session: JudgedSession, call: Call): boolean {
  const { livedToCalm, endCursor, arrivals } = session;
  if (livedToCalm) return false;
  const last = Math.max(call.endedAt, ...arrivals.slice(-1).map(({ at }) => at));
  return timeline.mayHaveFailedOver(call.startedAt, Math.min(last + noticeLossMs, endCursor / 1000));
}

/** The messages that arrived just before and just after the lost one. */
function neighbours(session: JudgedSession, call: Call): Event[] {
  const cursor = call.cursor ?? call.startedAt * 1000;
  const before = session.arrivals.findLast((arrival) => arrival.cursor < cursor);
  const after = session.arrivals.find((arrival) => arrival.cursor > cursor);
  return [before, after].flatMap((arrival) => (arrival ? [arrivalEvent(session, arrival)] : []));
}

/** Keeps the first violation and counts the others: one session may have lost a thousand messages. */
function summarize(violations: Violation[]): Violation[] {
  const [first, ...rest] = violations.sort((a, b) => a.at - b.at);
  if (!first) return [];
  if (rest.length === 0) return [first];
  return [{ ...first, summary: `${first.summary} (and ${rest.length} more of this session)` }];
}

function duplicates(session: JudgedSession): Violation[] {
  const found: Violation[] = [];
  const seen = new Map<string, Arrival>();
  for (const arrival of session.arrivals) {
    const { message, cursor } = arrival;
    const load = message.__typename === 'Signal' ? (message.data as Load) : undefined;
    for (const key of [`${cursor}`, ...(load ? [`${load.from}#${load.n}`] : [])]) {
      const before = seen.get(key);
      if (before) {
        const events = [arrivalEvent(session, before), arrivalEvent(session, arrival)];
        found.push(violation('G3', `a message reached ${nameOf(session)} twice`, arrival.at, ...events));
        break;
      }
      seen.set(key, arrival);
    }
  }
  return summarize(found);
}
