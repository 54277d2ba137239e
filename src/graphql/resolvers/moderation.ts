import type { Caller } from '../../auth/tokens.ts';
import { SignalboxError } from '../../errors.ts';
import type { MutationResolvers } from '../../generated/schema.ts';
import type { Delivery, Receipt } from '../../hub/hub.ts';
import { fullId } from '../../hub/spaces.ts';
import type { JsonText } from '../../json-text.ts';
import type { Context } from '../context.ts';
import { begin } from '../metering.ts';
import { allowed, peerOf } from '../rights.ts';

function asModerator(caller: Caller) {
  return { peer: peerOf(caller), pass: caller.pass };
}

/** Sends to a room that the caller may moderate: it need not be a member. `to` and `roomId` are full ids. */
export function sendAsModerator(
  caller: Caller,
  roomId: string,
  to: string | undefined,
  message: readonly [event: string, data: JsonText, key: string | undefined],
  { hub }: Context,
): Promise<Receipt & Delivery> {
  return hub.moderation.send(asModerator(caller), roomId, to, ...message);
}

export const removePeer: NonNullable<MutationResolvers['removePeer']> = async (
  _root,
  { roomId, peerId },
  context,
) => {
  const caller = await begin(context, 'messages');
  const full = allowed(caller, 'moderate', roomId);
  if (peerId === caller.id) {
    throw new SignalboxError('BAD_USER_INPUT', '`peerId` is your own id: call `leaveRoom`.');
  }
  const peer = fullId(caller.space, peerId);
  const { removed, receivers } = await context.hub.moderation.removePeer(asModerator(caller), full, peer);
  context.account.charge('messages', receivers);
  return removed;
};

export const closeRoom: NonNullable<MutationResolvers['closeRoom']> = async (_root, { roomId }, context) => {
  const caller = await begin(context, 'messages');
  const full = allowed(caller, 'moderate', roomId);
  const { removed, receivers } = await context.hub.moderation.closeRoom(asModerator(caller), full);
  context.account.charge('messages', receivers);
  return removed;
};
