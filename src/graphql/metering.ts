import type { Caller } from '../auth/tokens.ts';
import type { Room } from '../hub/hub.ts';
import type { RoomView } from '../hub/room-view.ts';
import type { JsonText } from '../json-text.ts';
import { bytesOfSend, type Cost } from '../limits/rates.ts';
import type { Context, FieldInfo } from './context.ts';
import { countMembers } from './query-cost.ts';

/**
 * Begins one operation of the caller: each root field is one. `costs` is what it may cost besides. Throws
 * `UNAUTHENTICATED`, or `RATE_LIMITED` if the peer or its address has used up one of these (G13).
 */
export async function begin(
  { account, caller }: Pick<Context, 'account' | 'caller'>,
  ...costs: readonly Cost[]
): Promise<Caller> {
  account.begin();
  const known = await caller();
  account.beginAsPeer(costs);
  return known;
}

/** Charges a `data` or a `state` before it is sent. */
export function chargeSend({ account }: Pick<Context, 'account'>, payload: JsonText): JsonText {
  account.charge('bytes', bytesOfSend(payload.heldBytes));
  return payload;
}

/** Charges a state, which is sent twice: when it is set, and again when its peer leaves the room. */
export function chargeState(context: Pick<Context, 'account'>, state: JsonText): JsonText {
  chargeSend(context, state);
  return chargeSend(context, state);
}

/** Whether the selection of a field asks for the members of rooms: what is not asked for is not read. */
export function viewOf({ fieldNodes, fragments }: FieldInfo): RoomView {
  return { members: fieldNodes.some(({ selectionSet }) => countMembers(selectionSet, fragments) > 0) };
}

/** Reads something once a request, however many fields ask for it. */
export function readOnce<Value>({ reads }: Context, key: string, read: () => Promise<Value>): Promise<Value> {
  let reading = reads.get(key) as Promise<Value> | undefined;
  if (!reading) {
    reading = read();
    reads.set(key, reading);
  }
  return reading;
}

/** The size of a member in an answer of the hub, without its state. */
const memberBytes = 128;

/** The size of rooms that the hub has read, in bytes. Members come with their states, whatever is selected of them. */
export function bytesOfRooms(rooms: readonly Room[] = []): number {
  let bytes = 0;
  for (const { members } of rooms) for (const { state } of members) bytes += memberBytes + state.bytes;
  return bytes;
}

/** Notes that the request had the hub read these rooms: its answer may have much less of them (G13). */
export function noteRead(context: Pick<Context, 'readBytes'>, rooms: readonly Room[] | undefined): void {
  context.readBytes += bytesOfRooms(rooms);
}
