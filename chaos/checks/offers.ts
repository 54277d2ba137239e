import type { Arrival } from '../history.ts';
import { type JudgedSession, noticeLossMs, type Timeline } from '../timeline.ts';
import { arrivalEvent, type Check, nameOf, sessionEvent, type Violation, violation } from '../violation.ts';

/**
 * One join makes at most this many entries. Their cursors follow one another without a gap: first the entry for the
 * present members, then those for the joiner.
 */
const maxJoinEntries = 1000;

/**
 * G1: When a peer joins a room, it receives `PeerAdded(offer: true)` for each member, and each member receives
 * `PeerAdded(offer: false)` for the joiner. So each `PeerAdded` has a counterpart, and a join that caused it.
 */
export const offers: Check = (timeline) => {
  const found: Violation[] = [];
  for (const session of timeline.sessions) {
    for (const arrival of session.arrivals) {
      if (arrival.message.__typename !== 'PeerAdded') continue;
      found.push(
        ...wrongCounterparts(timeline, session, arrival),
        ...missingJoins(timeline, session, arrival),
      );
    }
  }
  return found;
};

function wrongCounterparts(timeline: Timeline, session: JudgedSession, arrival: Arrival): Violation[] {
  const { message, cursor } = arrival;
  if (message.__typename !== 'PeerAdded') return [];
  const { offer, peer, roomId } = message;
  const other = timeline.sessionAt(peer.id, cursor);
  if (!other || other.receivedUpTo < (offer ? cursor : cursor + maxJoinEntries)) return [];
  const join = joinCursor(session, cursor, offer);
  const candidates = other.arrivals.filter(({ cursor: otherCursor, message: theirs }) => {
    if (theirs.__typename !== 'PeerAdded' || theirs.roomId !== roomId) return false;
    return theirs.peer.id === session.client.id && Math.abs(otherCursor - cursor) <= maxJoinEntries;
  });
  const counterparts = candidates.filter(({ cursor: otherCursor, message: theirs }) => {
    if (theirs.__typename !== 'PeerAdded' || theirs.offer === offer) return false;
    return joinCursor(other, otherCursor, theirs.offer) === join;
  });
  if (counterparts.length === 1) return [];
  const until = Math.min(other.endCursor / 1000, arrival.at + noticeLossMs);
  if (timeline.mayHaveFailedOver(arrival.at - 1000, until)) return [];
  const [role, contrary] = offer ? ['to offer', 'to wait'] : ['to wait for an offer', 'to offer'];
  const problem =
    candidates.length === 0
      ? `${nameOf(other)} was told nothing about that join`
      : `${nameOf(other)} was not told exactly once ${contrary}`;
  const summary = `${nameOf(session)} was told ${role}, but ${problem}`;
  const events = candidates.map((each) => arrivalEvent(other, each));
  const told = arrivalEvent(session, arrival);
  return [violation('G1', summary, arrival.at, told, sessionEvent(other), ...events)];
}

/** `offer: true` goes to a peer that joined, `offer: false` is about a peer that joined. */
function missingJoins(timeline: Timeline, session: JudgedSession, arrival: Arrival): Violation[] {
  const { message, cursor } = arrival;
  if (message.__typename !== 'PeerAdded') return [];
  if (timeline.isBlurred(cursor / 1000)) return [];
  const { offer, peer, roomId } = message;
  const joiner = offer ? session.client : timeline.history.clients.find((client) => client.id === peer.id);
  if (joiner && timeline.mayHaveCalled(joiner, 'join', roomId, cursor / 1000)) return [];
  const role = offer ? 'to offer' : 'to wait for an offer';
  const summary = `${nameOf(session)} was told ${role}, but no peer had called joinRoom`;
  return [violation('G1', summary, arrival.at, arrivalEvent(session, arrival))];
}

/** The cursor of the join that an entry belongs to. The same joiner may join twice within a millisecond. */
function joinCursor(session: JudgedSession, cursor: number, offer: boolean): number {
  if (!offer) return cursor;
  let first = cursor;
  while (session.byCursor.get(first - 1)?.message.__typename === 'PeerAdded') first--;
  return first - 1;
}
