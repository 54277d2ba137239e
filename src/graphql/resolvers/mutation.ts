import { noGuests, notAGuest, SignalboxError } from '../../errors.ts';
import type { MutationResolvers } from '../../generated/schema.ts';
import { checkEvent, checkKey, checkPayload, checkRoomId, checkUsername } from '../input.ts';
import { begin, chargeSend, chargeState, noteRead, viewOf } from '../metering.ts';
import { receive } from './receive.ts';

export const mutation: MutationResolvers = {
  access: async (_root, { username }, { tokens, guestAccess, account }) => {
    // Each guest is a new peer, so only the address can be metered: a guest is one more stream to come.
    account.begin();
    account.check('opens');
    account.chargeAddress('opens', 1);
    if (!guestAccess) throw new SignalboxError('FORBIDDEN', noGuests);
    return tokens.issue(checkUsername(username));
  },

  renew: async (_root, _args, context) => {
    const { credentials, tokens, guestAccess } = context;
    const { guest } = await begin(context);
    if (!guest) throw new SignalboxError('FORBIDDEN', notAGuest);
    if (!guestAccess) throw new SignalboxError('FORBIDDEN', noGuests);
    return tokens.renew(credentials.token ?? '');
  },

  joinRoom: async (_root, { roomId, state }, context, info) => {
    const { account, hub, maxDataBytes } = context;
    const { id } = await begin(context, 'joins', 'bytes', 'messages', 'answers');
    const payload = chargeState(context, checkPayload('state', state, maxDataBytes));
    account.charge('joins', 1);
    const room = await hub.joinRoom(id, checkRoomId(roomId), payload, viewOf(info));
    // The leave is paid for too. The joiner asked for a message about each member.
    account.charge('messages', 2 * room.receivers);
    account.charge('answers', room.bytes);
    // The peer was in the room already, and had it read once more.
    if (room.bytes === 0) noteRead(context, [room]);
    return room;
  },

  leaveRoom: async (_root, { roomId }, context) => {
    const { id } = await begin(context);
    return context.hub.leaveRoom(id, checkRoomId(roomId));
  },

  relay: async (_root, { roomId, peerId, event, data, key }, context) => {
    const { id } = await begin(context, 'bytes', 'messages');
    if (peerId === id) {
      throw new SignalboxError(
        'BAD_USER_INPUT',
        '`peerId` is your own id: use the id of another peer in the room.',
      );
    }
    const payload = chargeSend(context, checkPayload('data', data, context.maxDataBytes));
    const receipt = await context.hub.relay(
      id,
      checkRoomId(roomId),
      peerId,
      checkEvent(event),
      payload,
      checkKey(key),
    );
    context.account.charge('messages', receipt.receivers);
    return receipt;
  },

  broadcast: async (_root, { roomId, event, data, key }, context) => {
    const { id } = await begin(context, 'bytes', 'messages');
    const payload = chargeSend(context, checkPayload('data', data, context.maxDataBytes));
    const receipt = await context.hub.broadcast(
      id,
      checkRoomId(roomId),
      checkEvent(event),
      payload,
      checkKey(key),
    );
    context.account.charge('messages', receipt.receivers);
    return receipt;
  },

  setState: async (_root, { roomId, state }, context) => {
    const { id } = await begin(context, 'bytes', 'messages');
    const payload = chargeState(context, checkPayload('state', state, context.maxDataBytes));
    const member = await context.hub.setState(id, checkRoomId(roomId), payload);
    context.account.charge('messages', member.receivers);
    return member;
  },

  receive,
};
