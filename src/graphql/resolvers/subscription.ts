import { SignalboxError } from '../../errors.ts';
import type { SubscriptionResolvers } from '../../generated/schema.ts';
import type { Cursor, Message } from '../../hub/hub.ts';
import type { Context } from '../context.ts';
import { checkCursor, checkHeartbeat, checkJoins } from '../input.ts';
import { begin, chargeSend, viewOf } from '../metering.ts';

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

export const subscription: SubscriptionResolvers = {
  messages: {
    subscribe: async (_root, { after, join, heartbeat }, context, info) => {
      const { account } = context;
      const caller = await begin(context, 'opens', 'answers');
      const cursor = requestedCursor(after, context.credentials);
      const joins = checkJoins(join ?? [], context.maxDataBytes);
      // A session that resumes is in these rooms already, as a rule.
      if (joins.length > 0 && cursor === undefined) {
        for (const cost of joinCosts) account.check(cost);
      }
      const beatSeconds = heartbeat == null ? undefined : checkHeartbeat(heartbeat);
      context.streamPlace?.take(cursor !== undefined);
      account.charge('opens', 1);
      const stream = await context.hub.open(
        { id: caller.id, username: caller.username, guest: caller.guest },
        cursor,
        joins,
        viewOf(info),
      );
      const { entries, bytes } = stream.waiting;
      account.charge('answers', bytes + missedEntryBytes * entries);
      if (!stream.resumes) {
        account.charge('joins', joins.length);
        for (const { state } of joins) chargeSend(context, state);
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
