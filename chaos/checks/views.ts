import type { Room } from '../../test/support/client.ts';
import type { Arrival, Call } from '../history.ts';
import { type JudgedSession, noticeLossMs, type Timeline } from '../timeline.ts';
import { View } from '../view.ts';
import {
  arrivalEvent,
  type Check,
  callEvent,
  nameOf,
  sessionEvent,
  type Violation,
  violation,
} from '../violation.ts';

/**
 * G3, G4: The messages that a member receives are enough to know who is in a room, and in what state. Each member is
 * added once and removed once. `joinRoom`, `room`, `Connected.rooms` and, at calm, Redis itself agree with that.
 */
export const views: Check = (timeline) =>
  timeline.sessions.flatMap((session) => new ViewCheck(timeline, session).run());

/** The members of a room, as one source reported them at some moment between two times in milliseconds. */
interface RoomReport {
  readonly source: 'joinRoom' | 'room' | 'Connected.rooms' | 'Redis';
  readonly from: number;
  readonly to: number;
  readonly room: Room;
  readonly call?: Call;
}

type Step =
  | { readonly at: number; readonly arrival: Arrival }
  | { readonly at: number; readonly left: string }
  | { readonly at: number; readonly roomReport: RoomReport };

/** Follows a session message by message, and compares each report of a room with the messages so far. */
class ViewCheck {
  readonly #timeline: Timeline;
  readonly #session: JudgedSession;
  readonly #view = new View();
  readonly #found: Violation[] = [];

  constructor(timeline: Timeline, session: JudgedSession) {
    this.#timeline = timeline;
    this.#session = session;
  }

  run(): Violation[] {
    const uncertain = this.#uncertainRooms();
    const steps: Step[] = [
      ...this.#session.arrivals
        .filter(({ message }) => !uncertain.has(message.roomId))
        .map((arrival) => ({ at: this.#timeline.sentAt(arrival), arrival })),
      ...this.#leaves(),
      ...this.#roomReports()
        .filter(({ room }) => !uncertain.has(room.id))
        .map((roomReport) => ({ at: roomReport.to, roomReport })),
    ];
    for (const step of steps.sort((a, b) => a.at - b.at)) {
      if ('left' in step) this.#view.leave(step.left);
      else if ('roomReport' in step) this.#compare(step.roomReport);
      else this.#take(step.arrival);
    }
    // One missing message makes many later ones look wrong. Report the first.
    return this.#found.slice(0, 1);
  }

  /**
   * The rooms that the session may have left without knowing it, and those that it left while cursors told no times:
   * what it knew of them before may count or not.
   */
  #uncertainRooms(): ReadonlySet<string> {
    const { record } = this.#session;
    const moves = record.client.calls.filter(({ kind, outcome, session }) => {
      return session === record && (kind === 'join' || kind === 'leave') && outcome !== 'not sent';
    });
    const uncertain = moves.filter(({ kind, outcome, startedAt, endedAt, roomId }, i) => {
      if (kind !== 'leave') return false;
      const next = moves.slice(i + 1).find((call) => call.roomId === roomId);
      return this.#timeline.isBlurred(startedAt, endedAt) || (outcome === 'unknown' && next?.kind === 'join');
    });
    return new Set(uncertain.map(({ roomId }) => roomId));
  }

  #take(arrival: Arrival): void {
    const contradiction = this.#view.take(arrival);
    const { message, at } = arrival;
    if (contradiction === undefined || this.#mayHaveEndedByLoss(at)) return;
    const guarantee = message.__typename === 'PeerRemoved' ? 'G4' : 'G3';
    const { id: peerId, username } = message.peer;
    const summary = `${nameOf(this.#session)} received ${message.__typename} for ${username} in "${message.roomId}", ${contradiction}`;
    const before = this.#session.arrivals.findLast(
      ({ cursor, message: earlier }) =>
        cursor < arrival.cursor &&
        earlier.__typename !== 'Signal' &&
        earlier.peer.id === peerId &&
        earlier.roomId === message.roomId,
    );
    const events = before ? [arrivalEvent(this.#session, before)] : [sessionEvent(this.#session)];
    this.#found.push(violation(guarantee, summary, at, arrivalEvent(this.#session, arrival), ...events));
  }

  /** Whether the session ended, and an earlier failover may be why. Until it ends, a node may serve it by either Redis. */
  #mayHaveEndedByLoss(at: number): boolean {
    const { livedToCalm, endCursor } = this.#session;
    const endedSoon = at + noticeLossMs > endCursor / 1000 || endCursor === Number.POSITIVE_INFINITY;
    return !livedToCalm && endedSoon && this.#timeline.mayHaveFailedOver(at - noticeLossMs, at);
  }

  #leaves(): Step[] {
    const { record } = this.#session;
    const leaves = record.client.calls.filter(
      (call) => call.kind === 'leave' && call.outcome === 'ok' && call.session === record,
    );
    return leaves.map(({ endedAt, roomId }) => ({ at: endedAt, left: roomId }));
  }

  #roomReports(): RoomReport[] {
    const { record } = this.#session;
    const reports: RoomReport[] = [];
    for (const call of record.client.calls) {
      if (call.session !== record || !call.sameSession || !call.room) continue;
      const source = call.kind === 'join' ? 'joinRoom' : 'room';
      reports.push({ source, from: call.startedAt, to: call.endedAt, room: call.room, call });
    }
    for (const { connected, attempt, connectedAt } of record.streams) {
      const ids = new Set([...this.#session.memberships.keys(), ...connected.rooms.map(({ id }) => id)]);
      for (const id of ids) {
        // A room that is missing from `Connected.rooms` counts as reported empty.
        const room = connected.rooms.find((each) => each.id === id) ?? { id, members: [] };
        reports.push({ source: 'Connected.rooms', from: attempt.startedAt, to: connectedAt + 1, room });
      }
    }
    return this.#session.livedToCalm ? [...reports, ...this.#stored()] : reports;
  }

  /** The client's rooms as Redis held them at calm. */
  #stored(): RoomReport[] {
    const { calm } = this.#timeline.history;
    if (!calm) return [];
    return [...(calm.present.get(this.#session.client) ?? [])].map((id) => {
      const members = [...(calm.stored.get(id) ?? [])].map(([peer, state]) => ({
        peer: { id: peer, username: '', guest: false },
        state: JSON.parse(state),
      }));
      return { source: 'Redis', from: calm.at - 1, to: calm.at - 1, room: { id, members } };
    });
  }

  /** Skips a report if the room changed between its two times: then the right content is not certain. */
  #compare({ source, from, to, room, call }: RoomReport): void {
    const { receivedUpTo, arrivals, client } = this.#session;
    if (this.#timeline.isBlurred(from, to)) return;
    if (to * 1000 > receivedUpTo || this.#timeline.mayHaveFailedOver(from - noticeLossMs, to)) return;
    const changed = arrivals.some(({ cursor, message }) => {
      const within = from * 1000 <= cursor && cursor <= (to + 1) * 1000 && message.roomId === room.id;
      const ofOwnJoin = message.__typename === 'PeerAdded' && message.offer;
      return within && message.__typename !== 'Signal' && !ofOwnJoin;
    });
    const certain =
      ['joinRoom', 'Redis'].includes(source) ||
      this.#timeline.wasMember(this.#session, room.id, from * 1000, to * 1000);
    if (changed || !certain) return;
    const others = room.members.filter(({ peer }) => peer.id !== client.id);
    const reported = new Map(others.map(({ peer, state }) => [peer.id, JSON.stringify(state)]));
    const listsItself = room.members.length === others.length + 1;
    const received = this.#view.rooms.get(room.id);
    const problem = listsItself ? difference(reported, received) : 'the peer itself is not listed';
    if (problem === undefined) return;
    const summary = `${source} and the messages to ${nameOf(this.#session)} disagree about "${room.id}": ${problem}`;
    const events = call ? [callEvent(this.#session, call)] : [sessionEvent(this.#session)];
    this.#found.push(violation('G3', summary, to, ...events));
  }
}

/** The first difference between the members that were reported and those known from messages, in words. */
function difference(
  reported: ReadonlyMap<string, string>,
  received: ReadonlyMap<string, string> = new Map(),
): string | undefined {
  for (const [peer, state] of reported) {
    if (!received.has(peer)) return `${peer} is listed, but no message added it`;
    if (received.get(peer) !== state) {
      return `${peer} is listed with the state ${state}, but the messages say ${received.get(peer)}`;
    }
  }
  for (const peer of received.keys()) {
    if (!reported.has(peer)) return `${peer} is not listed, but no message removed it`;
  }
  const [order, orderReceived] = [reported, received].map((room) => [...room.keys()].join());
  return order === orderReceived
    ? undefined
    : 'the members are not in the order in which messages added them';
}
