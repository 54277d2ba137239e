import type { Room } from '../../test/support/client.ts';
import type { Call } from '../history.ts';
import { foundOutMs, type Life, type Timeline } from '../timeline.ts';
import { View } from '../view.ts';
import { type Check, nameOf, ofArrival, ofCall, ofSession, type Violation, violation } from '../violation.ts';

/**
 * G3, G4. What a member hears is all it needs to know who is in a room, and in what state: each is
 * added once and removed once, what `joinRoom`, `room` and `Connected.rooms` tell is the same, and at
 * the end so is what Redis holds, with nobody in it who is not there.
 */
export const views: Check = (timeline) => timeline.lives.flatMap((life) => new Reader(timeline, life).read());

/** A room as something told it, between two moments in milliseconds. */
interface Telling {
  readonly by: string;
  readonly from: number;
  readonly to: number;
  readonly room: Room;
  readonly call?: Call;
}

type Step =
  | { readonly at: number; readonly arrival: Life['arrivals'][number] }
  | { readonly at: number; readonly left: string }
  | { readonly at: number; readonly telling: Telling };

/** Goes through a session's time, from entry to entry, and looks whether all that was told agrees. */
class Reader {
  readonly #timeline: Timeline;
  readonly #life: Life;
  readonly #view = new View();
  readonly #found: Violation[] = [];

  constructor(timeline: Timeline, life: Life) {
    this.#timeline = timeline;
    this.#life = life;
  }

  read(): Violation[] {
    const steps: Step[] = [
      ...this.#life.arrivals.map((arrival) => ({ at: arrival.id / 1000, arrival })),
      ...this.#leaves(),
      ...this.#tellings().map((telling) => ({ at: telling.to, telling })),
    ];
    for (const step of steps.sort((a, b) => a.at - b.at)) {
      if ('left' in step) this.#view.leave(step.left);
      else if ('telling' in step) this.#compare(step.telling);
      else this.#take(step.arrival);
    }
    // One thing that is missing makes many later ones look wrong.
    return this.#found.slice(0, 1);
  }

  #take(arrival: Life['arrivals'][number]): void {
    const odd = this.#view.take(arrival);
    if (odd === undefined) return;
    const { message, at } = arrival;
    const guarantee = message.__typename === 'PeerRemoved' ? 'G4' : 'G3';
    const what = `${nameOf(this.#life)} heard of ${message.peer.username} in "${message.roomId}": ${odd}`;
    const { id: peerId } = message.peer;
    const before = this.#life.arrivals.findLast(
      ({ id, message: earlier }) =>
        id < arrival.id &&
        earlier.__typename !== 'Signal' &&
        earlier.peer.id === peerId &&
        earlier.roomId === message.roomId,
    );
    const events = before ? [ofArrival(this.#life, before)] : [ofSession(this.#life)];
    this.#found.push(violation(guarantee, what, at, ofArrival(this.#life, arrival), ...events));
  }

  #leaves(): Step[] {
    const { session } = this.#life;
    const leaves = session.client.calls.filter(
      (call) => call.kind === 'leave' && call.outcome === 'ok' && call.session === session,
    );
    return leaves.map(({ endedAt, roomId }) => ({ at: endedAt, left: roomId }));
  }

  #tellings(): Telling[] {
    const { session } = this.#life;
    const told: Telling[] = [];
    for (const call of session.client.calls) {
      if (call.session !== session || !call.sameSession || !call.room) continue;
      const by = call.kind === 'join' ? 'joinRoom' : 'room';
      told.push({ by, from: call.startedAt, to: call.endedAt, room: call.room, call });
    }
    for (const { connected, attempt, connectedAt } of session.streams) {
      const ids = new Set([...this.#life.memberships.keys(), ...connected.rooms.map(({ id }) => id)]);
      for (const id of ids) {
        // One that is not told of is told to be empty.
        const room = connected.rooms.find((each) => each.id === id) ?? { id, peers: [] };
        told.push({ by: 'Connected.rooms', from: attempt.startedAt, to: connectedAt + 1, room });
      }
    }
    return this.#life.lived ? [...told, ...this.#stored()] : told;
  }

  /** What Redis held when all was calm, which the session lived to see. */
  #stored(): Telling[] {
    const { calm } = this.#timeline.history;
    if (!calm) return [];
    return [...(calm.present.get(this.#life.client) ?? [])].map((id) => {
      const members = [...(calm.stored.get(id) ?? [])];
      const peers = members.map(([peer, state]) => ({ id: peer, username: '', state: JSON.parse(state) }));
      return { by: 'Redis', from: calm.at - 1, to: calm.at - 1, room: { id, peers } };
    });
  }

  /** Only where nothing about the room came in that very time, so that it is clear what should be told. */
  #compare({ by, from, to, room, call }: Telling): void {
    const { seenUpTo, arrivals, client } = this.#life;
    if (to * 1000 > seenUpTo || this.#timeline.mayHaveForked(from - foundOutMs, to)) return;
    const moving = arrivals.some(({ id, message }) => {
      const within = from * 1000 <= id && id <= (to + 1) * 1000 && message.roomId === room.id;
      const own = message.__typename === 'PeerAdded' && message.offer;
      return within && message.__typename !== 'Signal' && !own;
    });
    const sure =
      ['joinRoom', 'Redis'].includes(by) ||
      this.#timeline.wasMember(this.#life, room.id, from * 1000, to * 1000);
    if (moving || !sure) return;
    const others = room.peers.filter(({ id }) => id !== client.id);
    const told = new Map(others.map(({ id, state }) => [id, JSON.stringify(state)]));
    const isIn = room.peers.length === others.length + 1;
    const difference = isIn ? differ(told, this.#view.rooms.get(room.id)) : 'is not in it itself';
    if (difference === undefined) return;
    const what = `${by} tells ${nameOf(this.#life)} of "${room.id}": ${difference}, as far as it has heard`;
    const events = call ? [ofCall(this.#life, call)] : [ofSession(this.#life)];
    this.#found.push(violation('G3', what, to, ...events));
  }
}

/** How what was told differs from what was heard. */
export function differ(
  told: ReadonlyMap<string, string>,
  heard: ReadonlyMap<string, string> = new Map(),
): string | undefined {
  for (const [peer, state] of told) {
    if (!heard.has(peer)) return `${peer} is in it, and was not added`;
    if (heard.get(peer) !== state)
      return `${peer} has the state ${state}, and was heard to have ${heard.get(peer)}`;
  }
  for (const peer of heard.keys()) if (!told.has(peer)) return `${peer} is not in it, and was not removed`;
  const [order, asHeard] = [told, heard].map((room) => [...room.keys()].join());
  return order === asHeard ? undefined : 'its peers are in another order than they came in';
}
