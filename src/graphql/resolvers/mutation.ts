import { noGuests, notAGuest, SignalboxError } from '../../errors.ts';
import type { MutationResolvers } from '../../generated/schema.ts';
import { fullId, fullIdOf } from '../../hub/spaces.ts';
import { checkEvent, checkKey, checkPayload, checkRoomId, checkSpace, checkUsername } from '../input.ts';
import { begin, chargeSend, chargeState, noteRead, viewOf } from '../metering.ts';
import { allowed, enterable } from '../rights.ts';
import { closeRoom, removePeer, sendAsModerator } from './moderation.ts';
import { receive } from './receive.ts';

export const mutation: MutationResolvers = {
  access: async (_root, { username, space }, { tokens, guestAccess, account }) => {
    // Each guest is a new peer, so only the address can be metered: a guest is one more stream to come.
    account.begin();
    account.check('opens');
    account.chargeAddress('opens', 1);
    if (!guestAccess) throw new SignalboxError('FORBIDDEN', noGuests);
    return tokens.issue(checkUsername(username), checkSpace(space));
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
    const caller = await begin(context, 'joins', 'bytes', 'messages', 'answers');
    const payload = checkPayload('state', state, maxDataBytes);
    const full = enterable(caller, roomId, payload);
    chargeState(context, payload);
    account.charge('joins', 1);
    const room = await hub.joinRoom(fullIdOf(caller), full, payload, viewOf(info), caller.pass);
    // The leave is paid for too. The joiner asked for a message about each member.
    account.charge('messages', 2 * room.receivers);
    account.charge('answers', room.bytes);
    // The peer was in the room already, and had it read once more.
    if (room.bytes === 0) noteRead(context, [room]);
    return room;
  },

  leaveRoom: async (_root, { roomId }, context) => {
    const caller = await begin(context);
    return context.hub.leaveRoom(fullIdOf(caller), fullId(caller.space, checkRoomId(roomId)));
  },

  relay: async (_root, { roomId, peerId, event, data, key }, context) => {
    const caller = await begin(context, 'bytes', 'messages');
    if (peerId === caller.id) {
      throw new SignalboxError(
        'BAD_USER_INPUT',
        '`peerId` is your own id: use the id of another peer in the room.',
      );
    }
    const full = allowed(caller, 'send', roomId);
    const to = fullId(caller.space, peerId);
    const payload = chargeSend(context, checkPayload('data', data, context.maxDataBytes));
    const message = [checkEvent(event), payload, checkKey(key)] as const;
    const receipt = caller.rights.allow('moderate', roomId)
      ? await sendAsModerator(caller, full, to, message, context)
      : await context.hub.relay(fullIdOf(caller), full, to, ...message);
    context.account.charge('messages', receipt.receivers);
    return receipt;
  },

  broadcast: async (_root, { roomId, event, data, key }, context) => {
    const caller = await begin(context, 'bytes', 'messages');
    const full = allowed(caller, 'send', roomId);
    const payload = chargeSend(context, checkPayload('data', data, context.maxDataBytes));
    const message = [checkEvent(event), payload, checkKey(key)] as const;
    const receipt = caller.rights.allow('moderate', roomId)
      ? await sendAsModerator(caller, full, undefined, message, context)
      : await context.hub.broadcast(fullIdOf(caller), full, ...message);
    context.account.charge('messages', receipt.receivers);
    return receipt;
  },

  setState: async (_root, { roomId, state }, context) => {
    const caller = await begin(context, 'bytes', 'messages');
    const full = allowed(caller, 'state', roomId);
    const payload = chargeState(context, checkPayload('state', state, context.maxDataBytes));
    const member = await context.hub.setState(fullIdOf(caller), full, payload);
    context.account.charge('messages', member.receivers);
    return member;
  },

  removePeer,
  closeRoom,
  receive,
};
