import type {
  Arrival,
  Call,
  ClientHistory,
  FaultRecord,
  History,
  Session,
  StreamHistory,
} from './history.ts';

/** From one moment up to and not including another, in microseconds, as ids are. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** A session as it is judged. */
export interface Life {
  readonly session: Session;
  readonly client: ClientHistory;
  readonly number: number;
  readonly from: number;
  /** When the client's next session began. */
  readonly to: number;
  /**
   * Whatever was for the session up to here has come, or was lost: the largest id that came, since ids
   * on a stream increase, or the moment of calm where the session lived to see it.
   */
  readonly seenUpTo: number;
  /** Whether it lived on until all was calm. */
  readonly lived: boolean;
  readonly arrivals: readonly Arrival[];
  /** By id. */
  readonly came: ReadonlyMap<number, Arrival>;
  /** When each room had it as a member for sure, in order. */
  readonly memberships: ReadonlyMap<string, readonly Span[]>;
}

/** After these there is another Redis, or are two, without all that was acknowledged: who is told what by which? */
const forks: ReadonlySet<FaultRecord['kind']> = new Set(['redis-crash', 'redis-handover']);
/** Nodes need so long to notice and to come back, in milliseconds; more where processes wait for their turn. */
const shortestAftermathMs = 2000;

/** So long after Redis has lost something those whom it concerns need not have found out yet, in milliseconds. */
export const foundOutMs = 10_000;

/** The history put in order, so that checks can ask it. */
export class Timeline {
  readonly history: History;
  readonly lives: readonly Life[];
  /** What was undone has no effect any more so long after, in milliseconds. */
  readonly aftermathMs: number;
  readonly #livesOf = new Map<string, readonly Life[]>();

  constructor(history: History) {
    this.history = history;
    // This process is as slow as the others are.
    this.aftermathMs = shortestAftermathMs + 5 * history.lagMs;
    this.lives = history.clients.flatMap((client) => {
      const lives = client.sessions.map((session, i) => this.#toLife(client, session, i));
      this.#livesOf.set(client.id, lives);
      return lives;
    });
  }

  livesOf(peerId: string): readonly Life[] {
    return this.#livesOf.get(peerId) ?? [];
  }

  /** The session of the peer that an entry of that id was for. */
  lifeAt(peerId: string, id: number): Life | undefined {
    return this.livesOf(peerId).find(({ from, to }) => from < id && id < to);
  }

  /** Whether the session was in the room for sure, all that time. */
  wasMember(life: Life, roomId: string, from: number, to = from): boolean {
    const spans = life.memberships.get(roomId) ?? [];
    return spans.some((span) => span.from <= from && to < Math.min(span.to, life.seenUpTo));
  }

  /** When a fault has no effect any more. */
  endOf({ to }: FaultRecord): number {
    return (to ?? Number.POSITIVE_INFINITY) + this.aftermathMs;
  }

  /** The faults that touch that time, in milliseconds. */
  faultsIn(from: number, to: number): readonly FaultRecord[] {
    return this.history.faults.filter((fault) => fault.from <= to && this.endOf(fault) >= from);
  }

  /** Whether Redis may have lost what it had acknowledged, in that time: sessions may end for it. */
  mayHaveLost(from: number, to: number): boolean {
    return this.#hasMet(from, to, (kind) => kind === 'redis-empty' || forks.has(kind));
  }

  /**
   * Whether, in that time, Redis may have gone on from less than it had acknowledged. One that has lost everything
   * does not: of it no session is told anything, as nodes cut their streams before they ask it for more.
   */
  mayHaveForked(from: number, to: number): boolean {
    return this.#hasMet(from, to, (kind) => forks.has(kind));
  }

  /** Whether something was done to one of them in that time, or so long before that they need not be over it. */
  hasTouched(targets: readonly FaultRecord['target'][], from: number, to: number, graceMs = 0): boolean {
    return this.history.faults.some((fault) => {
      const until = (fault.to ?? Number.POSITIVE_INFINITY) + graceMs;
      return targets.includes(fault.target) && fault.from <= to && until >= from;
    });
  }

  /** Until when a call may have taken effect, in milliseconds. */
  callSettledBy({ outcome, node, endedAt }: Call): number {
    return outcome === 'ok' ? endedAt : this.settledBy(node, endedAt);
  }

  /** Whether the client may have called that in the room, so that it took effect at that time, in milliseconds. */
  mayHaveCalled({ calls }: ClientHistory, kind: Call['kind'], roomId: string, at: number): boolean {
    return calls.some((call) => {
      if (call.kind !== kind || call.roomId !== roomId || !mayHaveHappened(call)) return false;
      return call.startedAt - 1 <= at && at <= this.callSettledBy(call);
    });
  }

  /** Until when what something was done to, Redis or the node, may still do late, in milliseconds. */
  settledBy(node: number, endedAt: number): number {
    return this.#lastEnd(endedAt, ({ target }) => target === 'redis' || target === node);
  }

  /** Until when an attempt to open a stream may: Redis refuses what it gets late, and a node that stands still has to ask. */
  attemptSettledBy(node: number, endedAt: number): number {
    return this.#lastEnd(endedAt, ({ kind, target }) => kind === 'node-stop' && target === node);
  }

  /** The end of the faults that follow on one another from that time on, in milliseconds. */
  #lastEnd(from: number, concerns: (fault: FaultRecord) => boolean): number {
    let until = from + this.aftermathMs;
    for (let grew = true; grew; ) {
      grew = false;
      for (const fault of this.history.faults) {
        if (!concerns(fault) || fault.from > until || this.endOf(fault) <= until) continue;
        until = this.endOf(fault);
        grew = true;
      }
    }
    return until;
  }

  #hasMet(from: number, to: number, isOne: (kind: FaultRecord['kind']) => boolean): boolean {
    return this.history.faults.some((fault) => {
      const until = this.#foundOutBy(fault) + 2 * this.aftermathMs;
      return isOne(fault.kind) && fault.from <= to && until >= from;
    });
  }

  /** When each node has asked Redis after a loss: one that stands still does so, and tells the others, when it goes on. */
  #foundOutBy({ from, to = Number.POSITIVE_INFINITY }: FaultRecord): number {
    const soon = to + this.aftermathMs;
    const halts = this.history.faults.filter(
      (other) => other.kind === 'node-stop' && other.from <= soon && (other.to ?? soon) >= from,
    );
    return Math.max(to, ...halts.map((halt) => halt.to ?? to));
  }

  #toLife(client: ClientHistory, session: Session, index: number): Life {
    const next = client.sessions[index + 1];
    const arrivals = session.streams.flatMap((stream) => stream.arrivals);
    const { calm } = this.history;
    const lived = next === undefined && calm !== undefined && calm.present.has(client);
    const last = session.streams.at(-1);
    const newest = Math.max(
      session.start,
      ...session.streams.map(({ connected }) => Number(connected.id)),
      arrivals.reduce((most, { id }) => Math.max(most, id), 0),
    );
    const stayed = lived && last !== undefined && !endedBefore(last, calm.at);
    return {
      ...{ session, client, number: index, from: session.start, lived, arrivals },
      to: next?.start ?? Number.POSITIVE_INFINITY,
      seenUpTo: stayed ? Math.max(newest, calm.at * 1000) : newest,
      came: new Map(arrivals.map((arrival) => [arrival.id, arrival])),
      memberships: memberships(session),
    };
  }
}

function endedBefore({ attempt }: StreamHistory, at: number): boolean {
  return attempt.endedAt !== undefined && attempt.endedAt < at;
}

/** Whether a call may have had an effect. */
export function mayHaveHappened({ outcome }: Call): boolean {
  return outcome === 'ok' || outcome === 'unknown';
}

/** A join that was answered puts the session into the room, until it sets out to leave. */
function memberships(session: Session): Map<string, Span[]> {
  const rooms = new Map<string, Span[]>();
  for (const call of session.client.calls) {
    if (call.session !== session) continue;
    const spans = rooms.get(call.roomId) ?? [];
    const open = spans.at(-1)?.to === Number.POSITIVE_INFINITY;
    if (call.kind === 'join' && call.outcome === 'ok' && call.sameSession && !open) {
      rooms.set(call.roomId, [...spans, { from: call.endedAt * 1000, to: Number.POSITIVE_INFINITY }]);
    } else if (call.kind === 'leave' && open && call.outcome !== 'not sent') {
      const [last] = spans.splice(-1);
      rooms.set(call.roomId, [...spans, { from: last?.from ?? 0, to: call.startedAt * 1000 }]);
    }
  }
  return rooms;
}
