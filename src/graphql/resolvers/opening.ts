import type { Caller } from '../../auth/tokens.ts';
import { SignalboxError } from '../../errors.ts';
import type { Cursor, Join } from '../../hub/hub.ts';
import type { RoomView } from '../../hub/room-view.ts';
import { fullId, fullIdOf } from '../../hub/spaces.ts';
import type { Stream } from '../../hub/stream.ts';
import type { Context } from '../context.ts';
import { chargeState } from '../metering.ts';
import { allEnterable, peerOf } from '../rights.ts';

/** What sending one missed entry costs besides its own bytes, in bytes of an answer. */
const missedEntryBytes = 1024;
/** The costs of the rooms that a stream enters. */
const joinCosts = ['joins', 'bytes', 'messages'] as const;

export interface Opening {
  readonly cursor: Cursor | undefined;
  readonly joins: readonly Join[];
  readonly view: RoomView;
}

/**
 * Opens the caller's stream, until its token expires. Charges the rooms that the stream enters (G13). Throws FORBIDDEN if
 * the token does not allow one of them.
 */
export async function openStream(
  caller: Caller,
  { cursor, joins: asked, view }: Opening,
  context: Context,
): Promise<Stream> {
  const { account, hub } = context;
  const joins = allEnterable(caller, asked);
  // A session that resumes is in these rooms already, as a rule.
  const entering = cursor === undefined ? joins : await newRooms(caller, joins, context);
  if (entering.length > 0) for (const cost of joinCosts) account.check(cost);
  const stream = await hub.open(peerOf(caller), cursor, joins, view, context.address, caller.pass);
  const entered = stream.resumes ? entering : joins;
  if (entered.length > 0) {
    account.charge('joins', entered.length);
    for (const { state } of entered) chargeState(context, state);
    // Each member that the peer is told of is told of the peer, and of its leave.
    account.charge('messages', 2 * stream.waiting.entries);
  }
  stream.endAt(caller.expiresAt, new SignalboxError('TOKEN_EXPIRED'));
  return stream;
}

/** Charges the entries that wait on a stream, as bytes of an answer: the hub has read them. */
export function chargeWaiting({ account }: Pick<Context, 'account'>, { waiting }: Stream): void {
  account.charge('answers', waiting.bytes + missedEntryBytes * waiting.entries);
}

/** The rooms that a session is not in yet. */
async function newRooms(caller: Caller, joins: readonly Join[], { hub }: Context): Promise<readonly Join[]> {
  if (joins.length === 0) return joins;
  const present = await hub.rooms(fullIdOf(caller), { members: false });
  const rooms = new Set(present.map(({ id }) => fullId(caller.space, id)));
  return joins.filter(({ roomId }) => !rooms.has(roomId));
}
