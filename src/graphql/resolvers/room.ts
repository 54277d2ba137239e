import type { Resolvers } from '../../generated/schema.ts';
import type { Member } from '../../hub/hub.ts';
import type { MessageContext } from '../context.ts';

/** Member lists and states can be large, so each is charged to the response budget. */
export const memberTypes = {
  Member: {
    state: ({ state }: Pick<Member, 'state'>, _args: object, { budget }: MessageContext) =>
      budget.spendOnValue(state) ? state : null,
  },
} satisfies Resolvers;

export const roomTypes = {
  Room: {
    members: ({ members }, _args, { budget }, info) =>
      budget.spendOnList(members.length, info) ? members : [],
  },
} satisfies Resolvers;
