import { noGuests, notAGuest, SignalboxError } from '../../errors.ts';
import type { MutationResolvers } from '../../generated/schema.ts';
import { checkEvent, checkKey, checkPayload, checkRoomId, checkUsername } from '../input.ts';

export const mutation: MutationResolvers = {
  access: async (_root, { username }, { tokens, guestAccess }) => {
    if (!guestAccess) throw new SignalboxError('FORBIDDEN', noGuests);
    return tokens.issue(checkUsername(username));
  },

  renew: async (_root, _args, { caller, credentials, tokens, guestAccess }) => {
    const { guest } = await caller();
    if (!guest) throw new SignalboxError('FORBIDDEN', notAGuest);
    if (!guestAccess) throw new SignalboxError('FORBIDDEN', noGuests);
    return tokens.renew(credentials.token ?? '');
  },

  joinRoom: async (_root, { roomId, state }, { caller, hub, maxDataBytes }) => {
    const { id } = await caller();
    return hub.joinRoom(id, checkRoomId(roomId), checkPayload('state', state, maxDataBytes));
  },

  leaveRoom: async (_root, { roomId }, { caller, hub }) => {
    const { id } = await caller();
    return hub.leaveRoom(id, checkRoomId(roomId));
  },

  relay: async (_root, { roomId, peerId, event, data, key }, { caller, hub, maxDataBytes }) => {
    const { id } = await caller();
    if (peerId === id) {
      throw new SignalboxError(
        'BAD_USER_INPUT',
        '`peerId` is your own id: use the id of another peer in the room.',
      );
    }
    const payload = checkPayload('data', data, maxDataBytes);
    return hub.relay(id, checkRoomId(roomId), peerId, checkEvent(event), payload, checkKey(key));
  },

  broadcast: async (_root, { roomId, event, data, key }, { caller, hub, maxDataBytes }) => {
    const { id } = await caller();
    const payload = checkPayload('data', data, maxDataBytes);
    return hub.broadcast(id, checkRoomId(roomId), checkEvent(event), payload, checkKey(key));
  },

  setState: async (_root, { roomId, state }, { caller, hub, maxDataBytes }) => {
    const { id } = await caller();
    return hub.setState(id, checkRoomId(roomId), checkPayload('state', state, maxDataBytes));
  },
};
