import { SignalboxError } from '../../errors.ts';
import type { MutationResolvers } from '../../generated/schema.ts';
import { checkUsername } from '../input.ts';

export const access: MutationResolvers = {
  access: async (_root, { username }, { tokens, guestAccess }) => {
    if (!guestAccess) {
      throw new SignalboxError('FORBIDDEN', 'This server takes no guests: ask its operator for a token.');
    }
    const { token, peer, expiresAt } = await tokens.issue(checkUsername(username));
    return { token, peer: { ...peer, state: null }, expiresAt };
  },
};
