import type { QueryResolvers } from '../../generated/schema.ts';
import { checkRoomId } from '../input.ts';

export const query: QueryResolvers = {
  me: async (_root, _args, { caller }) => caller(),

  room: async (_root, { roomId }, { caller, hub }) => {
    const { id } = await caller();
    return hub.room(id, checkRoomId(roomId));
  },

  rooms: async (_root, _args, { caller, hub, budget }, info) => {
    const { id } = await caller();
    const rooms = await hub.rooms(id);
    return budget.spendOnList(rooms.length, info) ? rooms : [];
  },
};
