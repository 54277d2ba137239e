import type { Arrival, Attempt, Call } from './history.ts';
import type { Life, Timeline } from './timeline.ts';

/** A guarantee that did not hold, with the events that contradict it. */
export interface Violation {
  readonly guarantee: string;
  readonly what: string;
  /** When, in milliseconds: what went wrong around then is shown beside it. */
  readonly at: number;
  readonly events: readonly Event[];
}

/** One of the events: when, in milliseconds, and in words. */
export interface Event {
  readonly at: number;
  readonly text: string;
}

/** One check: all that contradicts its guarantee. */
export type Check = (timeline: Timeline) => Violation[];

export function violation(guarantee: string, what: string, at: number, ...events: Event[]): Violation {
  return { guarantee, what, at, events: events.sort((a, b) => a.at - b.at) };
}

export function nameOf(life: Life): string {
  return `${life.client.name} (peer ${life.client.id}, session ${life.number + 1})`;
}

export function ofCall(life: Life | undefined, call: Call): Event {
  const by = life ? nameOf(life) : 'someone';
  const to = call.to === undefined ? '' : ` to ${call.to}`;
  const took = Number.isFinite(call.endedAt) ? ` after ${call.endedAt - call.startedAt} ms` : '';
  const how = `${call.outcome} ${call.code ?? ''}${call.id === undefined ? '' : `id ${call.id}`}`.trim();
  const text = `${by} called ${call.kind} #${call.n} at node ${call.node} in "${call.roomId}"${to}: ${how}${took}`;
  return { at: call.startedAt, text };
}

export function ofArrival(life: Life, { id, at, message }: Arrival): Event {
  const { __typename: type, sentAt: _, id: __, ...rest } = message;
  return { at, text: `to ${nameOf(life)} came ${type} id ${id} ${JSON.stringify(rest)}` };
}

export function ofAttempt(life: Life | undefined, attempt: Attempt): Event {
  const by = life ? nameOf(life) : 'someone';
  const after = attempt.after === undefined ? 'without a cursor' : `after ${attempt.after}`;
  const connected =
    attempt.connectedAt === undefined ? '' : `, Connected in ${attempt.connectedAt - attempt.startedAt} ms`;
  const { how = 'still open', code = '', broken = '' } = attempt.end ?? {};
  const ended = attempt.endedAt === undefined ? '' : ` at ${attempt.endedAt - attempt.startedAt} ms`;
  return {
    at: attempt.startedAt,
    text: `${by} opened a stream at node ${attempt.node} ${after}${connected}; ended: ${how} ${code}${broken}${ended}`,
  };
}

export function ofSession(life: Life): Event {
  const { attempt, connected } = life.session.streams[0] ?? {};
  const text = `${nameOf(life)} got Connected(resumed: ${connected?.resumed}) id ${life.from} at node ${attempt?.node}`;
  return { at: life.from / 1000, text };
}
