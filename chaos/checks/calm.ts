import type { Calm } from '../history.ts';
import { type Check, violation } from '../violation.ts';

/** How many violations to report about the state at calm, and about keys that remain. One cause makes many. */
const maxOfAKind = 5;

/**
 * G4: When all is calm, Redis holds every connected client, in the rooms that it wants to be in, and nobody else.
 * When all clients have left too, Redis holds nothing about them. The incidents of the nodes are reported here too.
 */
export const calm: Check = ({ history }) => {
  const { incidents, leftoverKeys, calm: found } = history;
  if (!found) return [violation('G10', 'the run never became calm', Date.now())];
  const wrong = [...found.unsettled, ...ghosts(found), ...missing(found)];
  const leftovers = leftoverKeys.map((key) => `all clients have left, but the key ${key} remains in Redis`);
  return [
    ...incidents.map(({ at, text }) => violation('nodes', text, at)),
    ...wrong.slice(0, maxOfAKind).map((summary) => violation('G4', summary, found.at)),
    ...leftovers.slice(0, maxOfAKind).map((summary) => violation('nodes', summary, found.at)),
  ];
};

/** Peers that Redis holds although their client has gone, or is not in that room. */
function ghosts({ present, stored, sessions }: Calm): string[] {
  const rooms = new Map([...present].map(([{ id }, wanted]) => [id, wanted]));
  const found = [...sessions]
    .filter((peer) => !rooms.has(peer))
    .map((peer) => `the client of ${peer} has gone, but Redis still holds its session`);
  for (const [room, members] of stored) {
    for (const peer of members.keys()) {
      if (!rooms.get(peer)?.has(room)) {
        found.push(`${peer} is a ghost: Redis lists it in "${room}", but its client is not there`);
      }
    }
  }
  return found;
}

/** Connected clients that Redis does not hold. */
function missing({ present, stored, sessions }: Calm): string[] {
  const found: string[] = [];
  for (const [{ id, name }, rooms] of present) {
    if (!sessions.has(id)) found.push(`${name} (${id}) is connected, but Redis holds no session for it`);
    for (const room of rooms) {
      if (!stored.get(room)?.has(id)) {
        found.push(`${name} (${id}) is in "${room}", but Redis does not list it there`);
      }
    }
  }
  return found;
}
