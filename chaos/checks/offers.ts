import type { Arrival } from '../history.ts';
import { foundOutMs, type Life, type Timeline } from '../timeline.ts';
import { type Check, nameOf, ofArrival, ofSession, type Violation, violation } from '../violation.ts';

/** The entries of one join have ids in a row: so far apart are those about one pair, at the most. */
const mostInARoom = 1000;

/**
 * G1. Each time two come together in a room, the one who joins gets `PeerAdded(offer: true)`, and the
 * other, for the same join, `PeerAdded(offer: false)`: each of the two has its counterpart.
 */
export const offers: Check = (timeline) => {
  const found: Violation[] = [];
  for (const life of timeline.lives) {
    for (const arrival of life.arrivals) {
      if (arrival.message.__typename === 'PeerAdded') found.push(...counterpart(timeline, life, arrival));
    }
  }
  return found;
};

function counterpart(timeline: Timeline, life: Life, arrival: Arrival): Violation[] {
  const { message, id } = arrival;
  if (message.__typename !== 'PeerAdded') return [];
  const { offer, peer, roomId } = message;
  const other = timeline.lifeAt(peer.id, id);
  // The joiner's comes after the one that all others get.
  const [from, to] = offer ? [id - mostInARoom, id] : [id, id + mostInARoom];
  if (!other || other.seenUpTo < to) return [];
  const meets = other.arrivals.filter(
    ({ id: otherId, message: theirs }) =>
      from <= otherId &&
      otherId <= to &&
      theirs.__typename === 'PeerAdded' &&
      theirs.roomId === roomId &&
      theirs.peer.id === life.client.id,
  );
  const fitting = meets.filter(
    (each) => each.message.__typename === 'PeerAdded' && each.message.offer !== offer,
  );
  if (fitting.length === 1 && meets.length === 1) return [];
  if (timeline.mayHaveLost(arrival.at - 1000, Math.min(other.to / 1000, arrival.at + foundOutMs))) return [];
  const side = offer ? 'to offer' : 'to wait for an offer';
  const what = `${nameOf(life)} was told ${side}, and ${nameOf(other)} ${
    meets.length === 0 ? 'heard nothing of it' : 'was not told the contrary, once'
  }`;
  const events = meets.map((each) => ofArrival(other, each));
  return [violation('G1', what, arrival.at, ofArrival(life, arrival), ofSession(other), ...events)];
}
