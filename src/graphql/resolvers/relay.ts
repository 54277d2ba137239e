import { SignalboxError } from '../../errors.ts';
import type { MutationResolvers } from '../../generated/schema.ts';
import { checkEvent, checkPayload, checkRoomId } from '../input.ts';

export const relay: MutationResolvers = {
  relay: async (_root, { roomId, peerId, event, data }, context) => {
    const { id } = await context.caller();
    if (peerId === id) {
      throw new SignalboxError(
        'BAD_USER_INPUT',
        '`peerId` is your own; it takes the id of another peer in the room.',
      );
    }
    const payload = checkPayload('data', data, context.maxDataBytes);
    return context.hub.relay(id, checkRoomId(roomId), peerId, checkEvent(event), payload);
  },

  broadcast: async (_root, { roomId, event, data }, context) => {
    const { id } = await context.caller();
    const payload = checkPayload('data', data, context.maxDataBytes);
    return context.hub.broadcast(id, checkRoomId(roomId), checkEvent(event), payload);
  },
};
