import type { Resolvers } from '../../generated/schema.ts';
import { access } from './access.ts';
import { membership } from './membership.ts';
import { messageTypes } from './message.ts';
import { subscription } from './messages.ts';
import { query } from './query.ts';
import { relay } from './relay.ts';
import { roomTypes } from './room.ts';
import { DateTimeScalar, JSONScalar } from './scalars.ts';

export const resolvers: Resolvers = {
  Query: query,
  Mutation: { ...access, ...membership, ...relay },
  Subscription: subscription,
  ...messageTypes,
  ...roomTypes,
  JSON: JSONScalar,
  DateTime: DateTimeScalar,
};
