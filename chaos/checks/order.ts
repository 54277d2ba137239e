import type { Load } from '../history.ts';
import type { Life } from '../timeline.ts';
import { type Check, nameOf, ofArrival, ofAttempt, ofCall, type Violation, violation } from '../violation.ts';

/**
 * G2. Ids strictly increase on a stream. All members see a room's entries in one order: an entry has
 * one id, whoever gets it, so increasing ids say the same to all. A sender's entries have the order in
 * which it sent them, where one was answered before the next was sent.
 */
export const order: Check = (timeline) => [
  ...timeline.lives.flatMap(onStreams),
  ...oneIdEach(timeline.lives),
  ...asSent(timeline.lives),
];

function onStreams(life: Life): Violation[] {
  const found: Violation[] = [];
  for (const { attempt, connected, connectedAt, arrivals } of life.session.streams) {
    if (attempt.end?.broken !== undefined) {
      found.push(
        violation('G2', 'a stream broke the rules of the wire', connectedAt, ofAttempt(life, attempt)),
      );
    }
    if (connected.resumed && connected.id !== attempt.after) {
      const what = `Connected(resumed: true) has the id ${connected.id}, which is not the cursor`;
      found.push(violation('G3', what, connectedAt, ofAttempt(life, attempt)));
    }
    let last = Number(connected.id);
    for (const arrival of arrivals) {
      if (arrival.id <= last) {
        const what = `on a stream of ${nameOf(life)} the id ${arrival.id} came after ${last}`;
        found.push(violation('G2', what, arrival.at, ofArrival(life, arrival), ofAttempt(life, attempt)));
      }
      last = arrival.id;
    }
  }
  return found;
}

/** What the entry is, by what only it can hold. */
function keyOf(message: Life['arrivals'][number]['message']): string | undefined {
  if (message.__typename !== 'Signal') return undefined;
  const { from, n } = message.data as Load;
  return `${from}#${n}`;
}

function oneIdEach(lives: readonly Life[]): Violation[] {
  const found: Violation[] = [];
  const byKey = new Map<string, [Life, Life['arrivals'][number]]>();
  const byId = new Map<number, [Life, Life['arrivals'][number]]>();
  for (const life of lives) {
    for (const arrival of life.arrivals) {
      const { message, id } = arrival;
      const key = keyOf(message);
      const [otherLife, other] = (key !== undefined && byKey.get(key)) || [];
      if (otherLife && other && other.id !== id) {
        const what = `one signal has the ids ${other.id} and ${id}: members disagree about the order`;
        found.push(violation('G2', what, arrival.at, ofArrival(otherLife, other), ofArrival(life, arrival)));
      }
      const [sameLife, same] = byId.get(id) ?? [];
      if (sameLife && same && JSON.stringify(same.message) !== JSON.stringify(message)) {
        const what = `two different entries have the id ${id}`;
        found.push(violation('G2', what, arrival.at, ofArrival(sameLife, same), ofArrival(life, arrival)));
      }
      if (key !== undefined) byKey.set(key, [life, arrival]);
      byId.set(id, [life, arrival]);
    }
  }
  return found;
}

function asSent(lives: readonly Life[]): Violation[] {
  const found: Violation[] = [];
  for (const client of new Set(lives.map((life) => life.client))) {
    const sent = client.calls.filter(({ id }) => id !== undefined);
    for (const [i, call] of sent.entries()) {
      const before = sent[i - 1];
      // Only where the one was answered is it before the other.
      if (!before || before.endedAt > call.startedAt + 1 || Number(before.id) < Number(call.id)) continue;
      const what = `${client.name} sent #${before.n} before #${call.n}, and their ids say the contrary`;
      const [life] = lives.filter((each) => each.client === client);
      found.push(violation('G2', what, call.startedAt, ofCall(life, before), ofCall(life, call)));
    }
  }
  return found;
}
