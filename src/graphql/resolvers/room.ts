import type { Resolvers } from '../../generated/schema.ts';

/** What a room has may be much, so each part of it is asked for (see `Allowance`). */
export const roomTypes = {
  Room: {
    peers: ({ peers }, _args, { allowance }, info) => (allowance.grantsList(peers.length, info) ? peers : []),
  },
  Peer: {
    state: ({ state }, _args, { allowance }) => (allowance.grantsValue(state) ? state : null),
  },
} satisfies Resolvers;
