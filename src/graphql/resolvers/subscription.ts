import { SignalboxError } from '../../errors.ts';
import type { SubscriptionResolvers } from '../../generated/schema.ts';
import type { Cursor, Message } from '../../hub/hub.ts';
import type { Context } from '../context.ts';
import { checkCursor, checkHeartbeat, checkJoins } from '../input.ts';
import { begin, viewOf } from '../metering.ts';

/** What it takes to send one missed entry, in bytes of an answer, besides its own bytes. */
const missedEntryBytes = 1024;

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
      const caller = await begin(context, 'opens', 'answers', 'joins');
      const cursor = requestedCursor(after, context.credentials);
      const beatSeconds = heartbeat == null ? undefined : checkHeartbeat(heartbeat);
      const joins = checkJoins(join ?? [], context.maxDataBytes);
      account.charge('opens', 1);
      context.streamPlace?.take(cursor !== undefined);
      const stream = await context.hub.open(
        { id: caller.id, username: caller.username, guest: caller.guest },
        cursor,
        joins,
        viewOf(info),
      );
      // A session that resumes is in most of them already, so they are not charged to it.
      if (cursor === undefined) account.charge('joins', joins.length);
      const { entries, bytes } = stream.waiting;
      account.charge('answers', bytes + missedEntryBytes * entries);
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
