import type { Arrival, Call, Load } from '../history.ts';
import type { JudgedSession, Timeline } from '../timeline.ts';
import {
  arrivalEvent,
  attemptEvent,
  type Check,
  callEvent,
  nameOf,
  type Violation,
  violation,
} from '../violation.ts';

/**
 * G2: Cursors strictly increase on a stream. A room-wide entry has the same cursor for every member, so all members
 * see one order. A sender's entries have the order of its calls, if each call was answered before the next began. A call
 * that failed has no effect after a later call of the same client that was acknowledged.
 */
export const order: Check = (timeline) => [
  ...timeline.sessions.flatMap(wrongStreamOrder),
  ...conflictingCursors(timeline),
  ...wrongSendOrder(timeline),
  ...lateEffects(timeline),
];

function wrongStreamOrder(session: JudgedSession): Violation[] {
  const found: Violation[] = [];
  for (const { attempt, connected, connectedAt, arrivals } of session.record.streams) {
    if (attempt.end?.wireError !== undefined) {
      const summary = 'a node broke the event stream protocol';
      found.push(violation('G2', summary, connectedAt, attemptEvent(session, attempt)));
    }
    if (connected.resumed && connected.cursor !== attempt.after) {
      const summary = `Connected(resumed: true) has the cursor ${connected.cursor}; the client asked for ${attempt.after}`;
      found.push(violation('G3', summary, connectedAt, attemptEvent(session, attempt)));
    }
    let last = Number(connected.cursor);
    for (const arrival of arrivals) {
      if (arrival.cursor <= last) {
        const summary = `on a stream of ${nameOf(session)} the cursor ${arrival.cursor} came after ${last}`;
        const events = [arrivalEvent(session, arrival), attemptEvent(session, attempt)];
        found.push(violation('G2', summary, arrival.at, ...events));
      }
      last = arrival.cursor;
    }
  }
  return found;
}

/** Identifies a signal by its content, which no other signal has. */
function keyOf(message: Arrival['message']): string | undefined {
  if (message.__typename !== 'Signal') return undefined;
  const { from, n } = message.data as Load;
  return `${from}#${n}`;
}

function conflictingCursors(timeline: Timeline): Violation[] {
  const { sessions } = timeline;
  const found: Violation[] = [];
  const byKey = new Map<string, [JudgedSession, Arrival]>();
  const byCursor = new Map<number, [JudgedSession, Arrival]>();
  for (const session of sessions) {
    for (const arrival of session.arrivals) {
      const { message, cursor } = arrival;
      const report = (summary: string, otherSession: JudgedSession, other: Arrival) => {
        const events = [arrivalEvent(otherSession, other), arrivalEvent(session, arrival)];
        found.push(violation('G2', summary, arrival.at, ...events));
      };
      const key = keyOf(message);
      const [signalSession, signal] = (key !== undefined && byKey.get(key)) || [];
      if (signalSession && signal && signal.cursor !== cursor) {
        const summary = `one signal has the cursor ${signal.cursor} for one member and ${cursor} for another`;
        report(summary, signalSession, signal);
      }
      const [sameSession, same] = byCursor.get(cursor) ?? [];
      if (sameSession && same && JSON.stringify(same.message) !== JSON.stringify(message)) {
        // Two primaries may have given the same cursor. What the earlier one gave is lost.
        if (timeline.mayHaveFailedOver(Math.min(same.at, arrival.at), Math.max(same.at, arrival.at)))
          continue;
        report(`two different messages have the cursor ${cursor}`, sameSession, same);
      }
      if (key !== undefined) byKey.set(key, [session, arrival]);
      byCursor.set(cursor, [session, arrival]);
    }
  }
  return found;
}

function wrongSendOrder(timeline: Timeline): Violation[] {
  const { sessions } = timeline;
  const found: Violation[] = [];
  for (const client of new Set(sessions.map((session) => session.client))) {
    const sent = client.calls.filter(({ cursor }) => cursor !== undefined);
    for (const [i, call] of sent.entries()) {
      const before = sent[i - 1];
      // Calls have an order only if the first was answered before the second began.
      if (!before || before.endedAt > call.startedAt + 1) continue;
      if (Number(before.cursor) < Number(call.cursor)) continue;
      // The first may be of a primary that is lost, and the clock of the next one was set back.
      const isOfLostPrimary = timeline.mayHaveFailedOver(before.startedAt, call.endedAt);
      if (isOfLostPrimary && timeline.isBlurred(call.startedAt, call.endedAt)) continue;
      const summary = `${client.name} sent #${before.n} before #${call.n}, but the cursors have the reverse order`;
      const [session] = sessions.filter((each) => each.client === client);
      const events = [callEvent(session, before), callEvent(session, call)];
      found.push(violation('G2', summary, call.startedAt, ...events));
    }
  }
  return found;
}

/** With UNAVAILABLE, the node has told its client that the call failed. With NO_ANSWER, the client has given up. */
const failedCodes = new Set(['UNAVAILABLE', 'NO_ANSWER']);
/** A node that was halted may send a call to Redis before it reads that the client has given up, in milliseconds. */
const readingMs = 300;

/** The cursors of what the calls caused, as clients received it. By the client's id and the number of the call. */
function effects(sessions: readonly JudgedSession[]): Map<string, Arrival> {
  const found = new Map<string, Arrival>();
  for (const { arrivals } of sessions) {
    for (const arrival of arrivals) {
      const { message } = arrival;
      const changes =
        message.__typename === 'PeerChanged' || (message.__typename === 'PeerAdded' && !message.offer);
      const n = changes ? (message.state as { n?: number } | null)?.n : undefined;
      const key = n === undefined ? keyOf(message) : `${message.peer.id}#${n}`;
      if (key !== undefined) found.set(key, arrival);
    }
  }
  return found;
}

function lateEffects(timeline: Timeline): Violation[] {
  const found: Violation[] = [];
  const arrived = effects(timeline.sessions);
  for (const { id, name, calls } of timeline.history.clients) {
    const effectOf = (call: Call) => call.cursor ?? arrived.get(`${id}#${call.n}`)?.cursor;
    for (const [i, failed] of calls.entries()) {
      if (failed.outcome !== 'unknown' || !failedCodes.has(failed.code ?? '')) continue;
      const late = effectOf(failed);
      if (late === undefined) continue;
      const readBy =
        failed.code === 'NO_ANSWER' ? failed.endedAt + readingMs + 5 * timeline.history.lagMs : 0;
      if (late < readBy * 1000) continue;
      const undone = calls.slice(i + 1).find((call) => {
        const cursor = call.outcome === 'ok' && call.startedAt >= failed.endedAt ? effectOf(call) : undefined;
        return cursor !== undefined && cursor < late;
      });
      // Two primaries may have taken one call each.
      if (!undone || timeline.mayHaveFailedOver(failed.startedAt, undone.endedAt)) continue;
      const summary = `the failed call #${failed.n} of ${name} took effect after #${undone.n}, which was acknowledged`;
      const [session] = timeline.sessionsOf(id);
      const events = [callEvent(session, failed), callEvent(session, undone)];
      found.push(violation('G2', summary, failed.startedAt, ...events));
    }
  }
  return found;
}
