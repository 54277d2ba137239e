import { SignalboxError } from '../../errors.ts';
import type { SubscriptionResolvers } from '../../generated/schema.ts';
import type { Cursor, Message } from '../../hub/hub.ts';
import type { Context } from '../context.ts';
import { checkCursor, checkHeartbeat, checkJoins } from '../input.ts';

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
    subscribe: async (_root, { after, join, heartbeat }, context) => {
      const caller = await context.caller();
      const cursor = requestedCursor(after, context.credentials);
      const beatSeconds = heartbeat == null ? undefined : checkHeartbeat(heartbeat);
      context.streamPlace?.take(cursor !== undefined);
      const stream = await context.hub.open(
        { id: caller.id, username: caller.username, guest: caller.guest },
        cursor,
        checkJoins(join ?? [], context.maxDataBytes),
      );
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
