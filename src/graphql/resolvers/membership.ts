import type { MutationResolvers } from '../../generated/schema.ts';
import { checkPayload, checkRoomId } from '../input.ts';

export const membership: MutationResolvers = {
  joinRoom: async (_root, { roomId, state }, context) => {
    const { id } = await context.caller();
    return context.hub.joinRoom(id, checkRoomId(roomId), checkPayload('state', state, context.maxDataBytes));
  },

  leaveRoom: async (_root, { roomId }, { caller, hub }) => {
    const { id } = await caller();
    return hub.leaveRoom(id, checkRoomId(roomId));
  },

  setState: async (_root, { roomId, state }, context) => {
    const { id } = await context.caller();
    return context.hub.setState(id, checkRoomId(roomId), checkPayload('state', state, context.maxDataBytes));
  },
};
