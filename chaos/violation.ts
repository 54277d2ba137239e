import type { Arrival, Attempt, Call } from './history.ts';
import type { JudgedSession, Timeline } from './timeline.ts';

/** A guarantee that did not hold, with the events that prove it. */
export interface Violation {
  readonly guarantee: string;
  /** What went wrong, in one sentence for an operator. */
  readonly summary: string;
  /** When it happened, in milliseconds. The report shows the faults around that time. */
  readonly at: number;
  readonly events: readonly Event[];
}

export interface Event {
  /** In milliseconds. */
  readonly at: number;
  readonly text: string;
}

/** Checks one or more guarantees. Returns all violations. */
export type Check = (timeline: Timeline) => Violation[];

export function violation(guarantee: string, summary: string, at: number, ...events: Event[]): Violation {
  return { guarantee, summary, at, events: events.sort((a, b) => a.at - b.at) };
}

export function nameOf({ client, number }: JudgedSession): string {
  return `${client.name} (peer ${client.id}, session ${number + 1})`;
}

export function callEvent(session: JudgedSession | undefined, call: Call): Event {
  const by = session ? nameOf(session) : 'A client';
  const to = call.to === undefined ? '' : ` to ${call.to}`;
  const took = Number.isFinite(call.endedAt) ? ` after ${call.endedAt - call.startedAt} ms` : '';
  const detail = `${call.code ?? ''}${call.cursor === undefined ? '' : `cursor ${call.cursor}`}`;
  const outcome = `${call.outcome} ${detail}`.trim();
  const text = `${by} called ${call.kind} #${call.n} at node ${call.node} in "${call.roomId}"${to}: ${outcome}${took}`;
  return { at: call.startedAt, text };
}

export function arrivalEvent(session: JudgedSession, { cursor, at, message }: Arrival): Event {
  const { __typename: type, sentAt: _, cursor: __, ...rest } = message;
  return { at, text: `${nameOf(session)} received ${type} cursor ${cursor} ${JSON.stringify(rest)}` };
}

export function attemptEvent(session: JudgedSession | undefined, attempt: Attempt): Event {
  const by = session ? nameOf(session) : 'A client';
  const { node, startedAt, connectedAt, endedAt, end } = attempt;
  const after = attempt.after === undefined ? 'without a cursor' : `with the cursor ${attempt.after}`;
  const connected =
    connectedAt === undefined ? 'not connected' : `connected in ${connectedAt - startedAt} ms`;
  const how = end ? `ended: ${[end.how, end.code, end.wireError].filter(Boolean).join(' ')}` : 'still open';
  const when = endedAt === undefined ? '' : ` after ${endedAt - startedAt} ms`;
  return {
    at: startedAt,
    text: `${by} opened a stream at node ${node} ${after}; ${connected}; ${how}${when}`,
  };
}

export function sessionEvent(session: JudgedSession): Event {
  const { attempt, connected } = session.record.streams[0] ?? {};
  const { startCursor } = session;
  const text = `${nameOf(session)} received Connected(resumed: ${connected?.resumed}) cursor ${startCursor} from node ${attempt?.node}`;
  return { at: startCursor / 1000, text };
}
