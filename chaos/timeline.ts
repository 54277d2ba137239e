import { type Blur, blursOf } from './clock-steps.ts';
import type {
  Arrival,
  Call,
  ClientHistory,
  FaultRecord,
  History,
  Session,
  StreamHistory,
} from './history.ts';

/** A span of time, in microseconds like cursors. `to` is not included. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** A session with the facts that the checks ask for. */
export interface JudgedSession {
  readonly record: Session;
  readonly client: ClientHistory;
  /** 0 for the client's first session. */
  readonly number: number;
  readonly startCursor: number;
  /** The cursor with which the client's next session begins; infinity for the last session. */
  readonly endCursor: number;
  /**
   * Each message with a cursor up to this one has arrived or is lost, because cursors on a stream increase. It is the
   * largest cursor that arrived, or the moment of calm if the session was connected then.
   */
  readonly receivedUpTo: number;
  /** Whether the session still existed when all was calm. */
  readonly livedToCalm: boolean;
  readonly arrivals: readonly Arrival[];
  readonly byCursor: ReadonlyMap<number, Arrival>;
  /** For each room, the times at which the session certainly was a member, in order. */
  readonly memberships: ReadonlyMap<string, readonly Span[]>;
}

/** After these faults another Redis serves, or two do, and acknowledged writes may be missing. */
const failovers: ReadonlySet<FaultRecord['kind']> = new Set(['redis-crash', 'redis-handover']);
/** Nodes need this long to notice a fault and recover. The lag of a busy machine is added. */
const shortestAftermathMs = 2000;

/** After Redis has lost writes, clients and nodes may take this long to find out. */
export const noticeLossMs = 10_000;

/** Answers the questions of the checks about a history. Times are in milliseconds unless they are cursors. */
export class Timeline {
  readonly history: History;
  readonly sessions: readonly JudgedSession[];
  /** The nodes that clients have tried. */
  readonly nodes: readonly number[];
  /** How long after its end a fault may still have effects. */
  readonly aftermathMs: number;
  readonly #blurs: readonly Blur[];
  readonly #byPeer = new Map<string, readonly JudgedSession[]>();

  constructor(history: History) {
    this.history = history;
    this.#blurs = blursOf(history);
    // The nodes are as slow as this process: they share one machine.
    this.aftermathMs = shortestAftermathMs + 5 * history.lagMs;
    this.nodes = [...new Set(history.clients.flatMap(({ attempts }) => attempts.map(({ node }) => node)))];
    this.sessions = history.clients.flatMap((client) => {
      const sessions = client.sessions.map((record, i) => this.#toJudged(client, record, i));
      this.#byPeer.set(client.id, sessions);
      return sessions;
    });
  }

  sessionsOf(peerId: string): readonly JudgedSession[] {
    return this.#byPeer.get(peerId) ?? [];
  }

  /** The session of the peer to which a message with this cursor belongs. */
  sessionAt(peerId: string, cursor: number): JudgedSession | undefined {
    return this.sessionsOf(peerId).find(
      ({ startCursor, endCursor }) => startCursor < cursor && cursor < endCursor,
    );
  }

  /** Whether the cursors of that time, in milliseconds, tell nothing about times, because Redis's clock was set back. */
  isBlurred(from: number, to = from): boolean {
    return this.#blurs.some((blur) => blur.from <= to && from <= blur.to);
  }

  /** When a message was sent, in milliseconds: as its cursor tells, or else at the latest when it arrived. */
  sentAt({ cursor, at }: Arrival): number {
    const told = cursor / 1000;
    const blur = this.#blurs.find(({ from, to }) => from <= told && told <= to);
    return blur ? Math.min(Math.max(told, at), blur.to) : told;
  }

  /** Whether the session certainly was in the room from one cursor to the other. */
  wasMember(session: JudgedSession, roomId: string, from: number, to = from): boolean {
    const spans = session.memberships.get(roomId) ?? [];
    return spans.some((span) => span.from <= from && to < Math.min(span.to, session.receivedUpTo));
  }

  /** When a fault has no effect any more. */
  effectEnd({ to }: FaultRecord): number {
    return (to ?? Number.POSITIVE_INFINITY) + this.aftermathMs;
  }

  /** Whether, in that time, Redis may have lost data that it had acknowledged. Sessions may end because of it. */
  mayHaveLostData(from: number, to: number): boolean {
    return this.#mayFeel(from, to, (kind) => kind === 'redis-empty' || failovers.has(kind));
  }

  /**
   * Whether, in that time, another Redis may have gone on without the last acknowledged writes. A Redis that lost
   * everything does not count: nodes cut their streams before they ask it for anything, so no session hears from it.
   */
  mayHaveFailedOver(from: number, to: number): boolean {
    return this.#mayFeel(from, to, (kind) => failovers.has(kind));
  }

  /** Whether a fault hit one of the targets in that time, or ended less than `aftermathMs` before it. */
  wasHit(targets: readonly FaultRecord['target'][], from: number, to: number, aftermathMs = 0): boolean {
    return this.history.faults.some((fault) => {
      const until = (fault.to ?? Number.POSITIVE_INFINITY) + aftermathMs;
      return targets.includes(fault.target) && fault.from <= to && until >= from;
    });
  }

  /** The latest time at which a call may have taken effect. */
  callSettledBy({ outcome, node, endedAt }: Call): number {
    return outcome === 'ok' ? endedAt : this.settledBy(node, endedAt);
  }

  /** Whether the client may have made such a call in the room that took effect at that time. */
  mayHaveCalled({ calls }: ClientHistory, kind: Call['kind'], roomId: string, at: number): boolean {
    return calls.some((call) => {
      if (call.kind !== kind || call.roomId !== roomId || !mayHaveHappened(call)) return false;
      return call.startedAt - 1 <= at && at <= this.callSettledBy(call);
    });
  }

  /** The latest time at which Redis or the node may still carry out a request whose client gave up at `endedAt`. */
  settledBy(node: number, endedAt: number): number {
    return this.#lastEffectEnd(endedAt, ({ target }) => target === 'redis' || target === node);
  }

  /**
   * The same for an attempt to open a stream. Only a halt of the node delays it: Redis refuses an attempt that
   * reaches it late, and a node that was halted has to ask Redis after the halt.
   */
  attemptSettledBy(node: number, endedAt: number): number {
    return this.#lastEffectEnd(endedAt, ({ kind, target }) => kind === 'node-stop' && target === node);
  }

  /** The end of the last fault in an unbroken chain of faults that begins at that time. */
  #lastEffectEnd(from: number, concerns: (fault: FaultRecord) => boolean): number {
    let until = from + this.aftermathMs;
    for (let grew = true; grew; ) {
      grew = false;
      for (const fault of this.history.faults) {
        if (!concerns(fault) || fault.from > until || this.effectEnd(fault) <= until) continue;
        until = this.effectEnd(fault);
        grew = true;
      }
    }
    return until;
  }

  #mayFeel(from: number, to: number, counts: (kind: FaultRecord['kind']) => boolean): boolean {
    return this.history.faults.some((fault) => {
      const until = this.#lossNoticedBy(fault) + 2 * this.aftermathMs;
      return counts(fault.kind) && fault.from <= to && until >= from;
    });
  }

  /** When every node has asked Redis about a loss. A halted node asks, and tells the others, after its halt. */
  #lossNoticedBy({ from, to = Number.POSITIVE_INFINITY }: FaultRecord): number {
    const soon = to + this.aftermathMs;
    const nodeHalts = this.history.faults.filter(
      (other) => other.kind === 'node-stop' && other.from <= soon && (other.to ?? soon) >= from,
    );
    return Math.max(to, ...nodeHalts.map((halt) => halt.to ?? to));
  }

  #toJudged(client: ClientHistory, record: Session, index: number): JudgedSession {
    const next = client.sessions[index + 1];
    const arrivals = record.streams.flatMap((stream) => stream.arrivals);
    const { calm } = this.history;
    const livedToCalm = next === undefined && calm !== undefined && calm.present.has(client);
    const last = record.streams.at(-1);
    const newest = Math.max(
      record.startCursor,
      ...record.streams.map(({ connected }) => Number(connected.cursor)),
      arrivals.reduce((most, { cursor }) => Math.max(most, cursor), 0),
    );
    const connectedAtCalm = livedToCalm && last !== undefined && !endedBefore(last, calm.at);
    return {
      ...{ record, client, number: index, startCursor: record.startCursor, livedToCalm, arrivals },
      endCursor: next?.startCursor ?? Number.POSITIVE_INFINITY,
      receivedUpTo: connectedAtCalm ? Math.max(newest, calm.at * 1000) : newest,
      byCursor: new Map(arrivals.map((arrival) => [arrival.cursor, arrival])),
      memberships: this.#memberships(record),
    };
  }

  /** A session is certainly in a room from the answer to `joinRoom` until it calls `leaveRoom`. */
  #memberships(record: Session): Map<string, Span[]> {
    const rooms = new Map<string, Span[]>();
    for (const call of record.client.calls) {
      if (call.session !== record) continue;
      const spans = rooms.get(call.roomId) ?? [];
      const open = spans.at(-1)?.to === Number.POSITIVE_INFINITY;
      if (call.kind === 'join' && call.outcome === 'ok' && call.sameSession && !open) {
        const from = this.#sharpAfter(call.endedAt) * 1000;
        rooms.set(call.roomId, [...spans, { from, to: Number.POSITIVE_INFINITY }]);
      } else if (call.kind === 'leave' && open && call.outcome !== 'not sent') {
        const [last] = spans.splice(-1);
        const to = this.#sharpBefore(call.startedAt) * 1000;
        rooms.set(call.roomId, [...spans, { from: last?.from ?? 0, to }]);
      }
    }
    return rooms;
  }

  /** The first moment, not before this one, at which cursors tell times. */
  #sharpAfter(at: number): number {
    return this.#blurs.find((blur) => blur.from <= at && at <= blur.to)?.to ?? at;
  }

  #sharpBefore(at: number): number {
    return this.#blurs.find((blur) => blur.from <= at && at <= blur.to)?.from ?? at;
  }
}

function endedBefore({ attempt }: StreamHistory, at: number): boolean {
  return attempt.endedAt !== undefined && attempt.endedAt < at;
}

/** Whether a call may have had an effect. */
export function mayHaveHappened({ outcome }: Call): boolean {
  return outcome === 'ok' || outcome === 'unknown';
}
