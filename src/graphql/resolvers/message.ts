import { SignalboxError } from '../../errors.ts';
import type { Resolvers } from '../../generated/schema.ts';
import { roomsTooLarge } from '../../hub/bounds.ts';
import type { EntryId } from '../../hub/hub.ts';

/** An entry's id is the hub's clock in microseconds. */
function sentAt({ id }: { readonly id: EntryId }): Date {
  return new Date(Number(id) / 1000);
}

/**
 * The types of what a stream brings. All of them resolve at once and look at nothing but the entry,
 * so that one result can serve every stream with the same selection.
 */
export const messageTypes = {
  Message: { __resolveType: (message) => message.type },
  Connected: {
    sentAt,
    rooms: ({ rooms }, _args, { allowance }, info) => {
      if (!rooms) throw new SignalboxError('PAYLOAD_TOO_LARGE', roomsTooLarge);
      return allowance.grantsList(rooms.length, info) ? rooms : [];
    },
  },
  PeerAdded: { sentAt },
  PeerChanged: { sentAt },
  PeerRemoved: { sentAt },
  Signal: {
    sentAt,
    data: ({ data }, _args, { allowance }) => (allowance.grantsValue(data) ? data : null),
  },
} satisfies Resolvers;
