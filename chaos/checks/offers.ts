import type { Arrival } from '../history.ts';
import { foundOutMs, type Life, type Timeline } from '../timeline.ts';
import { type Check, nameOf, ofArrival, ofSession, type Violation, violation } from '../violation.ts';

/** One join has so many entries at the most, with ids in a row: the one for all others goes before the joiner's. */
const mostInARoom = 1000;

/**
 * G1. Each time two come together in a room, the one who joins gets `PeerAdded(offer: true)`, and the
 * other, for the same join, `PeerAdded(offer: false)`: each of the two has its counterpart, and its cause.
 */
export const offers: Check = (timeline) => {
  const found: Violation[] = [];
  for (const life of timeline.lives) {
    for (const arrival of life.arrivals) {
      if (arrival.message.__typename !== 'PeerAdded') continue;
      found.push(...counterpart(timeline, life, arrival), ...cause(timeline, life, arrival));
    }
  }
  return found;
};

function counterpart(timeline: Timeline, life: Life, arrival: Arrival): Violation[] {
  const { message, id } = arrival;
  if (message.__typename !== 'PeerAdded') return [];
  const { offer, peer, roomId } = message;
  const other = timeline.lifeAt(peer.id, id);
  if (!other || other.seenUpTo < (offer ? id : id + mostInARoom)) return [];
  const join = joinOf(life, id, offer);
  const meets = other.arrivals.filter(({ id: otherId, message: theirs }) => {
    if (theirs.__typename !== 'PeerAdded' || theirs.roomId !== roomId) return false;
    return theirs.peer.id === life.client.id && Math.abs(otherId - id) <= mostInARoom;
  });
  const fitting = meets.filter(({ id: otherId, message: theirs }) => {
    if (theirs.__typename !== 'PeerAdded' || theirs.offer === offer) return false;
    return joinOf(other, otherId, theirs.offer) === join;
  });
  if (fitting.length === 1) return [];
  if (timeline.mayHaveForked(arrival.at - 1000, Math.min(other.to / 1000, arrival.at + foundOutMs)))
    return [];
  const side = offer ? 'to offer' : 'to wait for an offer';
  const what = `${nameOf(life)} was told ${side}, and ${nameOf(other)} ${
    meets.length === 0 ? 'heard nothing of it' : 'was not told the contrary, once'
  }`;
  const events = meets.map((each) => ofArrival(other, each));
  return [violation('G1', what, arrival.at, ofArrival(life, arrival), ofSession(other), ...events)];
}

/** Whoever is told to offer has joined, and whoever is to wait for an offer has been joined. */
function cause(timeline: Timeline, life: Life, arrival: Arrival): Violation[] {
  const { message, id } = arrival;
  if (message.__typename !== 'PeerAdded') return [];
  const { offer, peer, roomId } = message;
  const joiner = offer ? life.client : timeline.history.clients.find((client) => client.id === peer.id);
  if (joiner && timeline.mayHaveCalled(joiner, 'join', roomId, id / 1000)) return [];
  const what = `${nameOf(life)} was told ${offer ? 'to offer' : 'to wait for an offer'}, and nobody had joined`;
  return [violation('G1', what, arrival.at, ofArrival(life, arrival))];
}

/** The id of the join that an entry is of. One joiner may come twice within a millisecond. */
function joinOf(life: Life, id: number, offer: boolean): number {
  if (!offer) return id;
  let first = id;
  while (life.came.get(first - 1)?.message.__typename === 'PeerAdded') first--;
  return first - 1;
}
