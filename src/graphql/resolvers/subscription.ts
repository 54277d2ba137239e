import type { SubscriptionResolvers } from '../../generated/schema.ts';
import type { Cursor, Message } from '../../hub/hub.ts';
import type { Context } from '../context.ts';
import { checkCursor, checkHeartbeat, checkJoins } from '../input.ts';
import { begin, viewOf } from '../metering.ts';
import { chargeWaiting, openStream } from './opening.ts';

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
      const caller = await begin(context, 'opens', 'answers');
      const cursor = requestedCursor(after, context.credentials);
      const joins = checkJoins(join ?? [], context.maxDataBytes);
      const beatSeconds = heartbeat == null ? undefined : checkHeartbeat(heartbeat);
      context.streamPlace?.take(cursor !== undefined);
      context.account.charge('opens', 1);
      const stream = await openStream(caller, { cursor, joins, view: viewOf(info) }, context);
      chargeWaiting(context, stream);
      if (beatSeconds !== undefined) {
        stream.beatEvery(beatSeconds * 1000);
        context.heartbeats = true;
      }
      return stream;
    },
    resolve: (message: Message) => message,
  },
};
