import type { Resolvers } from '../../generated/schema.ts';
import { observeMutations, observeQueries, observeSubscriptions } from '../observe.ts';
import { messageTypes } from './message-types.ts';
import { mutation } from './mutation.ts';
import { query } from './query.ts';
import { memberTypes, roomTypes } from './room.ts';
import { DateTimeScalar, JSONScalar } from './scalars.ts';
import { subscription } from './subscription.ts';

/** Each file here resolves the schema file of the same name; message-types.ts resolves message.graphql. */
export const resolvers: Resolvers = {
  Query: observeQueries(query),
  Mutation: observeMutations(mutation),
  Subscription: observeSubscriptions(subscription),
  ...messageTypes,
  ...memberTypes,
  ...roomTypes,
  JSON: JSONScalar,
  DateTime: DateTimeScalar,
};
