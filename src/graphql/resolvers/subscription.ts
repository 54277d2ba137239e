import { SignalboxError } from '../../errors.ts';
import type { SubscriptionResolvers } from '../../generated/schema.ts';
import type { Cursor, Join, Message } from '../../hub/hub.ts';
import type { Context } from '../context.ts';
import { checkCursor, checkHeartbeat, checkJoins } from '../input.ts';
import { begin, chargeState, viewOf } from '../metering.ts';

/** What it takes to send one missed entry, in bytes of an answer, besides its own bytes. */
const missedEntryBytes = 1024;
/** What rooms cost that a stream enters. */
const joinCosts = ['joins', 'bytes', 'messages'] as const;

/** The header wins: an EventSource reconnects with its first URL, so the argument there is an older cursor. */
function requestedCursor(
  after: string | null | undefined,
  { lastEventId }: Context['credentials'],
): Cursor | undefined {
  if (lastEventId !== undefined) return checkCursor(lastEventId, '`Last-Event-ID`');
  if (after != null) return checkCursor(after, '`after`');
  return undefined;
}

/** The rooms that a session is not in yet. */
async function newRooms(peerId: string, joins: readonly Join[], { hub }: Context): Promise<readonly Join[]> {
  if (joins.length === 0) return joins;
  const rooms = new Set((await hub.rooms(peerId, { members: false })).map(({ id }) => id));
  return joins.filter(({ roomId }) => !rooms.has(roomId));
}

export const subscription: SubscriptionResolvers = {
  messages: {
    subscribe: async (_root, { after, join, heartbeat }, context, info) => {
      const { account } = context;
      const caller = await begin(context, 'opens', 'answers');
      const cursor = requestedCursor(after, context.credentials);
      const joins = checkJoins(join ?? [], context.maxDataBytes);
      const beatSeconds = heartbeat == null ? undefined : checkHeartbeat(heartbeat);
      context.streamPlace?.take(cursor !== undefined);
      account.charge('opens', 1);
      // A session that resumes is in these rooms already, as a rule.
      const entering = cursor === undefined ? joins : await newRooms(caller.id, joins, context);
      if (entering.length > 0) for (const cost of joinCosts) account.check(cost);
      const stream = await context.hub.open(
        { id: caller.id, username: caller.username, guest: caller.guest },
        cursor,
        joins,
        viewOf(info),
        context.address,
      );
      const { entries, bytes } = stream.waiting;
      account.charge('answers', bytes + missedEntryBytes * entries);
      const entered = stream.resumes ? entering : joins;
      if (entered.length > 0) {
        account.charge('joins', entered.length);
        for (const { state } of entered) chargeState(context, state);
        // Each member that the peer is told of is told of the peer, and of its leave.
        account.charge('messages', 2 * entries);
      }
      stream.endAt(caller.expiresAt, new SignalboxError('TOKEN_EXPIRED'));
      if (beatSeconds !== undefined) {
        stream.beatEvery(beatSeconds * 1000);
        context.heartbeats = true;
      }
      return stream;
    },
    resolve: (message: Message) => message,
  },
};
