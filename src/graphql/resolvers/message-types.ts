import { SignalboxError } from '../../errors.ts';
import type { Resolvers } from '../../generated/schema.ts';
import { roomsTooLarge } from '../../hub/bounds.ts';
import type { Cursor } from '../../hub/hub.ts';
import { memberTypes } from './room.ts';

/** A cursor is a time of the hub's clock, in microseconds. */
function sentAt({ cursor }: { readonly cursor: Cursor }): Date {
  return new Date(Number(cursor) / 1000);
}

const { state } = memberTypes.Member;

/**
 * The types of a stream's messages. Their resolvers are synchronous and read only the message, so that one result
 * serves every stream with the same selection.
 */
export const messageTypes = {
  Message: { __resolveType: (message) => message.type },
  Connected: {
    sentAt,
    rooms: ({ rooms }, _args, { budget }, info) => {
      if (!rooms) throw new SignalboxError('PAYLOAD_TOO_LARGE', roomsTooLarge);
      return budget.spendOnList(rooms.length, info) ? rooms : [];
    },
  },
  PeerAdded: { sentAt, state },
  PeerChanged: { sentAt, state },
  PeerRemoved: { sentAt, state },
  Signal: {
    sentAt,
    data: ({ data }, _args, { budget }) => (budget.spendOnValue(data) ? data : null),
  },
} satisfies Resolvers;
