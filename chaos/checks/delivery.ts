import type { Call, Load, Session } from '../history.ts';
import { foundOutMs, type Life, type Timeline } from '../timeline.ts';
import {
  type Check,
  type Event,
  nameOf,
  ofArrival,
  ofCall,
  ofSession,
  type Violation,
  violation,
} from '../violation.ts';

/**
 * G3. Within a session nothing is lost and nothing comes twice: what was acknowledged before something
 * that came, came too. Where Redis has lost what it acknowledged, the end of the session says so.
 */
export const delivery: Check = (timeline) => {
  const callers = new Map<Session, Life>(timeline.lives.map((life) => [life.session, life]));
  const found: Violation[] = [];
  const losses = new Map<Life, Violation[]>();
  const lose = (life: Life, call: Call, what: string) => {
    if (isExcused(timeline, life, call)) return;
    const sender = call.session && callers.get(call.session);
    const events = [ofCall(sender, call), ofSession(life), ...around(life, call)];
    losses.set(life, [...(losses.get(life) ?? []), violation('G3', what, call.startedAt, ...events)]);
  };

  for (const client of timeline.history.clients) {
    for (const call of client.calls) {
      if (call.outcome !== 'ok') continue;
      if (call.kind === 'relay') lostRelay(timeline, call, lose);
      else if (call.kind === 'broadcast') lostBroadcast(timeline, client.id, call, lose);
      else if (call.kind === 'setState') lostState(timeline, client.id, call, lose);
    }
  }
  for (const life of timeline.lives) found.push(...twice(life));
  return [...found, ...[...losses.values()].flatMap(shorten)];
};

type Lose = (life: Life, call: Call, what: string) => void;

/** Redis knew the receiver in the room: it took the message in. */
function lostRelay(timeline: Timeline, call: Call, lose: Lose): void {
  const id = Number(call.id);
  const life = timeline.lifeAt(call.to ?? '', id);
  if (!life || life.seenUpTo < id || life.came.has(id)) return;
  lose(life, call, `a relay, acknowledged as ${id}, never came to ${nameOf(life)}`);
}

function lostBroadcast(timeline: Timeline, senderId: string, call: Call, lose: Lose): void {
  const id = Number(call.id);
  for (const { id: peerId } of timeline.history.clients) {
    if (peerId === senderId) continue;
    const life = timeline.lifeAt(peerId, id);
    if (!life || life.came.has(id) || !timeline.wasMember(life, call.roomId, id)) continue;
    lose(life, call, `a broadcast, acknowledged as ${id}, never came to ${nameOf(life)}, a member`);
  }
}

function lostState(timeline: Timeline, senderId: string, call: Call, lose: Lose): void {
  const [from, to] = [call.startedAt * 1000, call.endedAt * 1000];
  for (const { id: peerId } of timeline.history.clients) {
    if (peerId === senderId) continue;
    const life = timeline.lifeAt(peerId, from);
    if (!life || !timeline.wasMember(life, call.roomId, from, to)) continue;
    const came = life.arrivals.some(
      ({ message }) =>
        message.__typename === 'PeerChanged' &&
        message.peer.id === senderId &&
        message.roomId === call.roomId &&
        (message.peer.state as { n: number }).n === call.n,
    );
    if (!came) lose(life, call, `a state, acknowledged, never came to ${nameOf(life)}, a member`);
  }
}

/** Redis has lost what it acknowledged, and the session ended for it. */
function isExcused(timeline: Timeline, { lived, to, arrivals }: Life, call: Call): boolean {
  if (lived) return false;
  const last = Math.max(call.endedAt, ...arrivals.slice(-1).map(({ at }) => at));
  return timeline.mayHaveForked(call.startedAt, Math.min(last + foundOutMs, to / 1000));
}

/** What came just before and just after. */
function around(life: Life, call: Call): Event[] {
  const id = call.id ?? call.startedAt * 1000;
  const before = life.arrivals.findLast((arrival) => arrival.id < id);
  const after = life.arrivals.find((arrival) => arrival.id > id);
  return [before, after].flatMap((arrival) => (arrival ? [ofArrival(life, arrival)] : []));
}

/** One session may have lost a thousand. The first says enough. */
function shorten(losses: Violation[]): Violation[] {
  const [first, ...rest] = losses.sort((a, b) => a.at - b.at);
  if (!first) return [];
  return [rest.length === 0 ? first : { ...first, what: `${first.what} (and ${rest.length} more like it)` }];
}

function twice(life: Life): Violation[] {
  const found: Violation[] = [];
  const seen = new Map<string, Life['arrivals'][number]>();
  for (const arrival of life.arrivals) {
    const { message, id } = arrival;
    const load = message.__typename === 'Signal' ? (message.data as Load) : undefined;
    for (const key of [`${id}`, ...(load ? [`${load.from}#${load.n}`] : [])]) {
      const before = seen.get(key);
      if (before) {
        const what = `the same came twice to ${nameOf(life)}`;
        found.push(violation('G3', what, arrival.at, ofArrival(life, before), ofArrival(life, arrival)));
        break;
      }
      seen.set(key, arrival);
    }
  }
  return shorten(found);
}
