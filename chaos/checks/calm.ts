import type { Calm } from '../history.ts';
import { type Check, violation } from '../violation.ts';

/**
 * When all is calm, Redis holds those who are there and nobody else, each in the rooms it means to be
 * in; and when they have gone as well, it holds nothing of them. What nodes did out of turn is told
 * here too.
 */
export const calm: Check = ({ history }) => {
  const { incidents, orphans, calm: found } = history;
  if (!found) return [violation('G10', 'the run never became calm', Date.now())];
  const told = incidents.map(({ at, what }) => violation('nodes', what, at));
  const unrest = [...found.unrest, ...ghosts(found), ...missing(found)];
  const left = orphans.slice(0, 5).map((key) => `the key ${key} is left, and nobody is there`);
  return [
    ...told,
    ...unrest.slice(0, 5).map((what) => violation('G4', what, found.at)),
    ...left.map((what) => violation('nodes', what, found.at)),
  ];
};

/** Who is in Redis and not there. */
function ghosts({ present, stored, sessions }: Calm): string[] {
  const rooms = new Map([...present].map(([{ id }, wanted]) => [id, wanted]));
  const found = [...sessions]
    .filter((peer) => !rooms.has(peer))
    .map((peer) => `${peer} has a session, and is gone`);
  for (const [room, members] of stored) {
    for (const peer of members.keys()) {
      if (!rooms.get(peer)?.has(room)) found.push(`${peer} is a ghost in "${room}": it is not there`);
    }
  }
  return found;
}

/** Who is there and not in Redis. */
function missing({ present, stored, sessions }: Calm): string[] {
  const found: string[] = [];
  for (const [{ id, name }, rooms] of present) {
    if (!sessions.has(id)) found.push(`${name} (${id}) is there, and has no session`);
    for (const room of rooms) {
      if (!stored.get(room)?.has(id)) found.push(`${name} (${id}) is missing from "${room}"`);
    }
  }
  return found;
}
