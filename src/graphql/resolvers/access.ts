import { SignalboxError } from '../../errors.ts';
import type { MutationResolvers } from '../../generated/schema.ts';
import { checkUsername } from '../input.ts';

export const access: MutationResolvers = {
  access: async (_root, { username }, { tokens, guestAccess }) => {
    if (!guestAccess) {
      throw new SignalboxError('FORBIDDEN', 'This server takes no guests: ask its operator for a token.');
    }
    const { token, caller } = await tokens.issue(checkUsername(username));
    return { token, peer: { ...caller, state: null }, expiresAt: caller.expiresAt };
  },
};
